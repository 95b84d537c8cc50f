import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Event } from '../../proto/gen/yurt/v1/Event.ts';
import { eventually } from '../testing/eventually.ts';
import { FakeTerminal, runInProcess } from '../testing/fake-terminal.ts';
import { assertGolden } from '../testing/goldens.ts';
import { hostileInstances, images, instances } from '../testing/samples.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';

const evil = 'x\x1b[2J\x07\u202e\ny';
const operation = {
  id: '0a1b2c3d',
  kind: 'image.build',
  description: 'Building image debian/12',
  status: 'OPERATION_STATUS_RUNNING' as const,
  cancelable: true,
  createdAt: { seconds: 1_700_000_000 },
  progress: { stage: evil, done: 3, total: 10, unit: 'items' },
  resources: ['image/debian/12'],
};

async function informed(): Promise<ScriptedServer> {
  const server = await ScriptedServer.start();
  const [running] = instances;
  // Without what depends on the time of the test.
  const instance = { ...running, state: { ...running?.state, startedAt: null } };
  server.on('InstanceService', 'GetInstance', ({ name }) => ({
    instance: name === 'evil' ? (hostileInstances[0] ?? null) : instance,
  }));
  server.on('ServerService', 'GetServer', () => ({
    server: {
      ...{
        name: 'host1',
        version: '9.9.9',
        kernelVersion: '6.18',
        architecture: 'x86_64',
        cgroupLayout: 'unified',
        pid: 7,
      },
      ...{ runtime: 'crun', runtimeVersion: '1.8.1', conmonVersion: '2.1', nodeVersion: '26', instanceCount: 3 },
      features: [
        { name: 'idmapped-mounts', present: true },
        { name: 'apparmor', present: false, detail: evil },
      ],
    },
  }));
  server.on('ImageService', 'ListImages', () => ({ images: [...images] }));
  server.on('ImageService', 'GetImage', ({ image }) => ({ image: images[image === 'evil' ? 1 : 0] ?? null }));
  server.on('ImageService', 'ListRecipes', () => ({
    recipes: [
      { name: 'tiny', description: 'busybox', images: ['tiny'] },
      { name: 'debian', description: evil, images: ['debian/12', 'debian/13'] },
    ],
  }));
  const profile = {
    name: 'default',
    description: 'Default',
    config: { 'limits.cpu': '2' },
    devices: { root: { options: { type: 'disk' } } },
    usedBy: ['instance/web'],
  };
  server.on('ProfileService', 'ListProfiles', () => ({
    profiles: [profile, { name: 'a10' }, { name: 'a9', description: evil }],
  }));
  server.on('ProfileService', 'GetProfile', () => ({ profile }));
  server.on('NetworkService', 'ListNetworks', () => ({
    networks: [
      {
        name: 'yurtbr0',
        type: 'bridge',
        managed: true,
        status: 'created',
        config: { 'ipv4.address': '10.0.0.1/24' },
        usedBy: ['a', 'b'],
      },
      { name: 'eth0', type: 'physical', description: evil },
    ],
  }));
  server.on('StorageService', 'ListStoragePools', () => ({
    pools: [
      {
        name: 'default',
        driver: 'overlay',
        status: 'created',
        usedBytes: 5_000_000,
        totalBytes: 90_000_000,
        config: { source: '/srv' },
      },
    ],
  }));
  server.on('OperationService', 'ListOperations', () => ({
    operations: [{ id: 'ff', kind: 'later', createdAt: { seconds: 1_700_000_600 } }, operation],
  }));
  server.on('OperationService', 'GetOperation', () => ({
    operation: {
      ...operation,
      status: 'OPERATION_STATUS_FAILED' as const,
      fault: { code: 'internal', message: evil },
      result: { warnings: ['w'] },
    },
  }));
  server.on('OperationService', 'CancelOperation', () => ({}));
  return server;
}

describe('commands that show something', () => {
  for (const argv of [
    ['info', 'web'],
    ['info', 'evil'],
    ['info'],
    ['image', 'list'],
    ['image', 'list', '-c', 'LFe', '-f', 'csv'],
    ['image', 'list', 'debian', 'release=12', '-f', 'json'],
    ['image', 'info', 'debian/12'],
    ['image', 'info', 'evil'],
    ['image', 'build', '--list'],
    ['profile', 'list'],
    ['profile', 'list', '-f', 'yaml'],
    ['profile', 'show', 'default'],
    ['network', 'list'],
    ['network', 'list', '-f', 'json'],
    ['storage', 'list'],
    ['storage', 'list', '-f', 'compact'],
    ['operation', 'list'],
    ['operation', 'show', '0a1b2c3d'],
    ['operation', 'delete', '0a1b2c3d'],
  ]) {
    it(`show ${argv.join(' ')}`, async () => {
      await using server = await informed();
      const { code, stdout, stderr } = await runInProcess(server.socket, argv);
      assert.deepEqual([code, stderr], [0, '']);
      assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      assertGolden(import.meta.dirname, `show-${argv.join('-').replaceAll('/', '-')}.txt`, stdout);
    });
  }

  it('show the end of the log of an instance', async () => {
    await using server = await informed();
    server.onStream('ConsoleService', 'GetConsoleLog', (call) => {
      call.write({ output: Buffer.from('booting\r\n\x1b[2J') });
      call.write({ output: Buffer.from('ready\r\n') });
      call.end();
    });
    const { stdout } = await runInProcess(server.socket, ['info', 'web', '--show-log']);
    assert.equal(stdout.endsWith('\n\nLog:\n\nbooting\n\\x1b[2Jready\n'), true, stdout);
  });

  it('tell the versions, and that the server cannot be reached', async () => {
    await using server = await informed();
    assert.match(
      (await runInProcess(server.socket, ['version'])).stdout,
      /^Client version: \d+\.\d+\.\d+\nServer version: 9\.9\.9\n$/,
    );
    assert.match((await runInProcess('/nowhere', ['version'])).stdout, /\nServer version: unreachable\n$/);
  });

  it('show the calls to the server when asked to', async () => {
    await using server = await informed();
    const { stderr } = await runInProcess(server.socket, ['profile', 'list', '--debug']);
    assert.match(stderr, /^debug: \/yurt\.v1\.ProfileService\/ListProfiles begins\ndebug: .* took [\d.]+ ms\n$/);
  });
});

describe('yurt image build', () => {
  async function built(argv: readonly string[], stdin?: string) {
    await using server = await informed();
    server.on('ImageService', 'BuildImage', () =>
      server.operation('b', [{ status: 'OPERATION_STATUS_SUCCEEDED', result: { imageFingerprint: 'abc123' } }]),
    );
    const { code, stdout } = await runInProcess(
      server.socket,
      ['image', 'build', ...argv],
      stdin === undefined ? {} : { stdin },
    );
    assert.deepEqual([code, stdout], [0, 'Image built with fingerprint: abc123\n']);
    return server.requestsOf('ImageService/BuildImage')[0];
  }

  it('builds by name', async () => {
    assert.deepEqual(await built(['debian/12', '--alias', 'd', '--release', '13']), {
      ...{ image: 'debian/12', source: 'image', aliases: ['d'], release: '13', project: '' },
    });
  });

  it('builds from a recipe on stdin', async () => {
    assert.deepEqual(await built(['-'], 'name: mine\n'), {
      ...{ recipe: 'name: mine\n', source: 'recipe', aliases: [], release: '', project: '' },
    });
  });

  it('says when a recipe cannot be read', async () => {
    await using server = await informed();
    const { code, stderr } = await runInProcess(server.socket, ['image', 'build', './none.yaml']);
    assert.deepEqual([code, stderr], [1, 'Error: Cannot read "./none.yaml": no such file or directory\n']);
  });
});

describe('yurt monitor', () => {
  const events: Event[] = [
    { begun: {} },
    {
      time: { seconds: 1_700_000_000 },
      project: 'default',
      lifecycle: { action: 'instance-started', source: 'instance/web', context: { by: evil } },
    },
    { time: { seconds: 1_700_000_001 }, operation },
    { time: { seconds: 1_700_000_002 }, logging: { level: 'warn', message: evil, fields: { pool: 'default' } } },
  ];

  async function monitor(...argv: string[]): Promise<{ stdout: string; requests: unknown[] }> {
    await using server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', (call) => {
      for (const event of events) call.write({ event });
    });
    const terminal = new FakeTerminal();
    const running = runInProcess(server.socket, ['monitor', ...argv], { terminal });
    await eventually(() => terminal.output.text.includes('pool'));
    terminal.raise('SIGINT');
    const { code, stdout } = await running;
    assert.equal(code, 130);
    return { stdout, requests: server.requestsOf('EventService/WatchEvents') };
  }

  for (const format of ['yaml', 'json', 'pretty']) {
    it(`shows events as ${format}`, async () => {
      const { stdout } = await monitor('-f', format);
      assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      assertGolden(import.meta.dirname, `monitor-${format}.txt`, stdout);
    });
  }

  it('asks for the types that are wanted', async () => {
    const { requests } = await monitor('--type', 'lifecycle', '--type=logging', '--pretty');
    assert.deepEqual(requests, [{ types: ['lifecycle', 'logging'], cursor: '', project: '', allProjects: false }]);
  });

  it('ends with 130 at Ctrl-C', async () => {
    await using server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', (call) => call.write({ event: events[1] ?? null }));
    const terminal = new FakeTerminal();
    const running = runInProcess(server.socket, ['monitor', '--pretty'], { terminal });
    while (terminal.output.text === '') await new Promise(setImmediate);
    terminal.raise('SIGINT');
    const { code, stderr } = await running;
    assert.deepEqual([code, stderr], [130, '']);
  });
});

describe('yurt shutdown', () => {
  it('waits until the server has gone', async () => {
    const server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', (call) => call.write({ event: { begun: {} } }));
    server.on('ServerService', 'Shutdown', () => {
      setImmediate(() => void server[Symbol.asyncDispose]());
      return {};
    });
    const { code, stderr } = await runInProcess(server.socket, ['shutdown', '-t', '5']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(server.requestsOf('ServerService/Shutdown'), [{ timeoutSeconds: 5 }]);
  });

  it('shows why the server refuses', async () => {
    await using server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', (call) => call.write({ event: { begun: {} } }));
    server.on('ServerService', 'Shutdown', () => {
      throw new Refusal(7, 'Only an administrator may do this');
    });
    const { code, stderr } = await runInProcess(server.socket, ['shutdown']);
    assert.deepEqual([code, stderr], [1, 'Error: Only an administrator may do this\n']);
  });
});
