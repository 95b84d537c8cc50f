import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connection } from '../client/connection.ts';
import { socketDialer } from '../client/socket.ts';
import { ConfiguredServer } from '../testing/configured-server.ts';
import { candidates } from './candidates.ts';
import { serverNames } from './server-names.ts';

/** A machine that is busy must not make a test fail. */
const patienceMs = 30_000;

const eth0 = { options: { type: 'nic', network: 'yurtbr0' } };
const data = { options: { type: 'disk', path: '/data' } };

async function complete(...words: string[]): Promise<string[]> {
  await using server = await ConfiguredServer.start(
    {
      ...{ name: 'web', config: { 'user.note': 'x' }, devices: { data } },
      ...{ expandedConfig: {}, expandedDevices: { data, eth0 } },
    },
    { name: 'small', config: { 'user.other': 'x' }, devices: { eth0 } },
  );
  server.scripted
    .on('ServerService', 'ListConfigKeys', ({ kind }) => ({
      keys: [
        { key: 'boot.autostart', type: 'boolean' },
        { key: 'limits.memory', type: 'bytes' },
        { key: 'user.*', type: 'string' },
        ...(kind === 'instance' ? [{ key: 'only.instance', type: 'string' }] : []),
      ],
    }))
    .on('ServerService', 'ListDeviceTypes', () => ({
      types: [
        { type: 'disk', options: [{ name: 'path' }, { name: 'pool' }] },
        { type: 'nic', options: [{ name: 'network' }] },
      ],
    }));
  const connection = new Connection(socketDialer(server.socket));
  try {
    const found = await candidates(
      words,
      serverNames(async () => connection, '', patienceMs),
    );
    return found === 'files' ? ['files'] : found.map(({ word }) => word);
  } finally {
    connection.close();
  }
}

describe('completion of configurations', () => {
  for (const [words, expected] of [
    [
      ['config', 'set', 'web', ''],
      ['boot.autostart=', 'limits.memory=', 'only.instance='],
    ],
    [['config', 'set', 'web', 'limits.memory=1GiB', 'boot'], ['boot.autostart=']],
    [
      ['config', 'set', 'web', 'boot.autostart='],
      ['boot.autostart=false', 'boot.autostart=true'],
    ],
    [['config', 'set', 'web', 'limits.memory='], []],
    [['config', 'get', 'web', 'u'], ['user.note']],
    [
      ['profile', 'get', 'small', ''],
      ['boot.autostart', 'limits.memory', 'user.other'],
    ],
    [['config', 'device', 'remove', 'web', ''], ['data']],
    [
      ['config', 'device', 'override', 'web', ''],
      ['data', 'eth0'],
    ],
    [['config', 'device', 'add', 'web', 'x', 'n'], ['nic']],
    [['config', 'device', 'add', 'web', 'x', 'nic', ''], ['network=']],
    [
      ['config', 'device', 'set', 'web', 'data', ''],
      ['path=', 'pool='],
    ],
    [['profile', 'device', 'get', 'small', 'eth0', ''], ['network']],
    [
      ['profile', 'de'],
      ['delete', 'device'],
    ],
    [['help', 'config', 'device', 'o'], ['override']],
  ] as const) {
    it(`of ${JSON.stringify(words.join(' '))}`, async () => {
      assert.deepEqual((await complete(...words)).sort(), [...expected]);
    });
  }
});
