import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { Instance } from '../../proto/gen/yurt/v1/Instance.ts';
import { ConfiguredServer } from '../testing/configured-server.ts';
import { type FakeTerminalOptions, runInProcess } from '../testing/fake-terminal.ts';
import { assertGolden } from '../testing/goldens.ts';

const eth0 = { options: { type: 'nic', name: 'eth0', network: 'yurtbr0' } };
const root = { options: { type: 'disk', path: '/', pool: 'default' } };
const web: Instance = {
  name: 'web',
  project: 'default',
  uuid: '11111111-2222-4333-8444-555555555555',
  status: 'INSTANCE_STATUS_RUNNING',
  description: 'The web',
  architecture: 'x86_64',
  profiles: ['default'],
  config: { 'user.b': '2', 'user.a': 'x\x1b[2Jy', 'volatile.base_image': 'f00' },
  devices: { data: { options: { type: 'disk', path: '/data', pool: 'big' } } },
  expandedConfig: { 'limits.memory': '64MiB', 'user.a': '1' },
  expandedDevices: { eth0, root },
  createdAt: { seconds: 1_700_000_000 },
  imageFingerprint: 'f00',
};
const small = { name: 'small', description: 'Small', config: { 'limits.memory': '64MiB' }, devices: { eth0 } };

async function start(): Promise<ConfiguredServer> {
  return await ConfiguredServer.start(web, small);
}

/** Runs a command that must succeed; returns what it printed. */
async function ok(server: ConfiguredServer, argv: readonly string[], options: FakeTerminalOptions = {}) {
  const { code, stdout, stderr } = await runInProcess(server.socket, argv, options);
  assert.deepEqual([code, stderr], [0, ''], argv.join(' '));
  return stdout;
}

async function failure(server: ConfiguredServer, ...argv: string[]) {
  const { code, stderr } = await runInProcess(server.socket, argv);
  assert.equal(code, 1, argv.join(' '));
  return stderr.split('\n').find((line) => line.startsWith('Error: '));
}

describe('yurt config', () => {
  for (const argv of [
    ['config', 'show', 'web'],
    ['config', 'show', 'web', '-e'],
    ['config', 'show'],
    ['config', 'device', 'show', 'web'],
    ['profile', 'show', 'small'],
  ]) {
    it(`shows the same as ever for ${argv.join(' ')}`, async () => {
      await using server = await start();
      assertGolden(import.meta.dirname, `${argv.join('-')}.txt`, await ok(server, argv));
    });
  }

  it('gets keys, expanded ones and properties; what is not set is an empty line', async () => {
    await using server = await start();
    for (const [argv, expected] of [
      [['web', 'user.b'], '2\n'],
      [['web', 'user.none'], '\n'],
      [['web', 'limits.memory'], '\n'],
      [['web', 'limits.memory', '-e'], '64MiB\n'],
      [['web', '-p', 'description'], 'The web\n'],
      [['web', '-p', 'profiles'], 'default\n'],
      [['user.rack'], '7\n'],
    ] as const) {
      assert.equal(await ok(server, ['config', 'get', ...argv]), expected, argv.join(' '));
    }
    assert.doesNotMatch(await ok(server, ['config', 'get', 'web', 'user.a']), /\x1b/);
    assert.match((await failure(server, 'config', 'get', 'web', '-p', 'nope')) ?? '', /no property "nope"/);
    for (const verb of ['get', 'unset'])
      assert.match((await failure(server, 'config', verb, 'web')) ?? '', /key is missing/);
  });

  it('takes the names of what every object has for names like any others', async () => {
    await using server = await start();
    assert.equal(await ok(server, ['config', 'get', 'web', 'constructor']), '\n');
    assert.equal(await ok(server, ['config', 'device', 'get', 'web', 'data', 'constructor']), '\n');
    assert.equal(
      await failure(server, 'config', 'unset', 'web', 'toString'),
      `Error: Cannot unset key "toString", it's not currently set`,
    );
    assert.equal(
      await failure(server, 'config', 'device', 'get', 'web', 'constructor', 'type'),
      'Error: Instance "web" has no device "constructor"',
    );
    await ok(server, ['config', 'device', 'add', 'web', 'constructor', 'none']);
    assert.equal(await ok(server, ['config', 'device', 'get', 'web', 'constructor', 'type']), 'none\n');
  });

  it('sets keys in every way of writing them, and nothing else', async () => {
    await using server = await start();
    await ok(server, ['config', 'set', 'web', 'user.c=3', 'user.d=x=y']);
    await ok(server, ['config', 'set', 'web', 'user.e', '5']);
    await ok(server, ['config', 'set', 'web', 'user.f', '-'], { stdin: 'from\nstdin\n' });
    assert.deepEqual(server.instance, {
      ...{ ...web, ephemeral: false },
      config: { ...web.config, 'user.c': '3', 'user.d': 'x=y', 'user.e': '5', 'user.f': 'from\nstdin\n' },
    });
    await ok(server, ['config', 'set', 'user.rack=8']);
    await ok(server, ['config', 'set', 'user.row', '2']);
    assert.deepEqual(server.serverConfig, { 'user.rack': '8', 'user.row': '2' });
    await ok(server, ['config', 'set', 'web', '-p', 'description=Other', 'ephemeral=true']);
    assert.deepEqual([server.instance.description, server.instance.ephemeral], ['Other', true]);
    for (const words of [['web'], ['web', 'user.c'], ['web', 'user.c', 'x', 'y'], ['user.c']]) {
      assert.match((await failure(server, 'config', 'set', ...words)) ?? '', /Bad key=value pair|number of arguments/);
    }
    assert.match((await failure(server, 'config', 'set', 'web', '-p', 'name=x')) ?? '', /cannot be changed/);
  });

  it('unsets keys that are set', async () => {
    await using server = await start();
    await ok(server, ['config', 'unset', 'web', 'user.b']);
    assert.ok(!('user.b' in (server.instance.config ?? {})));
    assert.equal(
      await failure(server, 'config', 'unset', 'web', 'user.b'),
      'Error: Cannot unset key "user.b", it\'s not currently set',
    );
    await ok(server, ['config', 'unset', 'web', '-p', 'description']);
    assert.equal(server.instance.description, '');
  });

  it('changes single keys on top of what somebody else wrote in between, and gives up some time', async () => {
    await using server = await start();
    let others = 3;
    server.before = () => {
      if (others === 0) return;
      others -= 1;
      server.instance = { ...server.instance, config: { ...server.instance.config, [`user.other${others}`]: 'x' } };
      server.touch();
    };
    await ok(server, ['config', 'set', 'web', 'user.mine=1']);
    const { config = {} } = server.instance;
    assert.deepEqual(
      ['user.other0', 'user.other1', 'user.other2', 'user.mine'].map((key) => config[key]),
      ['x', 'x', 'x', '1'],
    );
    others = 1000;
    assert.match((await failure(server, 'config', 'set', 'web', 'user.mine=2')) ?? '', /somebody else/);
    assert.equal(others, 990);
  });

  it('changes devices of an instance', async () => {
    await using server = await start();
    assert.equal(await ok(server, ['config', 'device', 'list', 'web']), 'data\n');
    assert.equal(
      await ok(server, ['config', 'device', 'add', 'web', 'lan', 'nic', 'network=lan', 'name=eth1']),
      'Device lan added to web\n',
    );
    assert.equal(
      await ok(server, ['config', 'device', 'override', 'web', 'eth0', 'hwaddr=00:16:3e:00:00:01']),
      'Device eth0 overridden for web\n',
    );
    await ok(server, ['config', 'device', 'set', 'web', 'lan', 'name=eth2', 'mtu=1400']);
    await ok(server, ['config', 'device', 'set', 'web', 'lan', 'name', 'eth3']);
    await ok(server, ['config', 'device', 'unset', 'web', 'lan', 'mtu']);
    assert.equal(await ok(server, ['config', 'device', 'get', 'web', 'lan', 'name']), 'eth3\n');
    assert.equal(await ok(server, ['config', 'device', 'remove', 'web', 'data']), 'Device data removed from web\n');
    assert.deepEqual(server.instance.devices, {
      lan: { options: { type: 'nic', network: 'lan', name: 'eth3' } },
      eth0: { options: { ...eth0.options, hwaddr: '00:16:3e:00:00:01' } },
    });
    for (const [argv, message] of [
      [['add', 'web', 'lan', 'nic'], /already exists/],
      [['override', 'web', 'lan'], /already exists/],
      [['override', 'web', 'nope'], /No profile of instance "web" brings a device "nope"/],
      [['set', 'web', 'root', 'size=1GiB'], /comes from a profile: override it/],
      [['remove', 'web', 'nope'], /has no device "nope"/],
      [['unset', 'web', 'lan', 'mtu'], /not currently set/],
    ] as const) {
      assert.match((await failure(server, 'config', 'device', ...argv)) ?? '', message, argv.join(' '));
    }
  });
});

describe('yurt config edit', () => {
  /** The path of an editor that runs this line of shell on its file, `$1`. */
  function editor(server: ConfiguredServer, line: string): string {
    const path = join(server.scripted.directory, 'editor');
    writeFileSync(path, `#!/bin/sh\necho run >> ${path}.runs\n${line}\n`, { mode: 0o755 });
    return path;
  }

  function runs(path: string): number {
    return readFileSync(`${path}.runs`, 'utf8').split('\n').length - 1;
  }

  const onTerminal = (enters: number): FakeTerminalOptions => ({
    tty: true,
    stdin: Readable.from(enters === 0 ? [] : [Buffer.from('\n'.repeat(enters))]),
  });

  it('replaces everything with a document from stdin', async () => {
    await using server = await start();
    const document = 'config: {user.z: 007}\nprofiles: [default, small]\nephemeral: true\nname: web\nstatus: Running\n';
    await ok(server, ['config', 'edit', 'web'], { stdin: document });
    const { description, config, profiles, devices, ephemeral } = server.instance;
    assert.deepEqual(
      { description, config, profiles, devices, ephemeral },
      { description: '', config: { 'user.z': '007' }, profiles: ['default', 'small'], devices: {}, ephemeral: true },
    );
  });

  it('takes nothing that is no document', async () => {
    await using server = await start();
    for (const [stdin, message] of [
      ['', /no YAML document on stdin/],
      ['a: [', /is not YAML/],
      ['- x', /is not a map/],
      ['konfig: {}', /unknown key "konfig"/],
      ['config: {a: {b: c}}', /not a map of texts/],
    ] as const) {
      const { code, stderr } = await runInProcess(server.socket, ['config', 'edit', 'web'], { stdin });
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
    const { stderr } = await runInProcess(server.socket, ['profile', 'edit', 'small'], { stdin: 'profiles: [x]' });
    assert.match(stderr, /"profiles", which only instances have/);
    assert.deepEqual([server.instance, server.profile], [web, small]);
  });

  it('writes what the editor leaves, and nothing when it leaves all as it is', async () => {
    await using server = await start();
    const path = editor(server, `sed -i 's/user.b: "2"/user.b: edited/' "$1"`);
    const { code } = await runInProcess(server.socket, ['config', 'edit', 'web'], {
      ...onTerminal(0),
      env: { VISUAL: `sh ${path}`, EDITOR: '/nonexistent' },
    });
    assert.equal(code, 0);
    assert.equal(server.instance.config?.['user.b'], 'edited');
    assert.equal(server.instance.config?.['user.a'], 'x\x1b[2Jy', 'what cannot be shown raw survives');
    const none = editor(server, 'true');
    await runInProcess(server.socket, ['config', 'edit', 'web'], { ...onTerminal(0), env: { EDITOR: none } });
    assert.equal(server.scripted.requestsOf('InstanceService/UpdateInstance').length, 1);
  });

  it('opens the editor again on the same text after an error', async () => {
    await using server = await start();
    const path = editor(
      server,
      `if grep -q 'konfig:' "$1"; then sed -i 's/^konfig:/config:/' "$1"; else sed -i 's/^config:/konfig:/; s/The web/Mine/' "$1"; fi`,
    );
    const { code, stderr } = await runInProcess(server.socket, ['config', 'edit', 'web'], {
      ...onTerminal(1),
      env: { EDITOR: path },
    });
    assert.deepEqual([code, runs(path), server.instance.description], [0, 2, 'Mine']);
    assert.match(stderr, /Config parsing error: The document has the unknown key "konfig"\nPress enter to open/);
  });

  it('shows what somebody else changed meanwhile, and never overwrites it unseen', async () => {
    await using server = await start();
    let others = 1;
    server.before = () => {
      if (others === 0) return;
      others -= 1;
      server.instance = { ...server.instance, description: 'Theirs' };
      server.touch();
    };
    const seen = join(server.scripted.directory, 'seen');
    const path = editor(server, `cp "$1" ${seen}; sed -i 's/The web/Mine/' "$1"`);
    const { code, stderr } = await runInProcess(server.socket, ['config', 'edit', 'web'], {
      ...onTerminal(1),
      env: { EDITOR: path },
    });
    assert.deepEqual([code, runs(path), server.instance.description], [0, 2, 'Mine']);
    assert.match(stderr, /somebody else/);
    assert.match(readFileSync(seen, 'utf8'), /^#\| description: Theirs$[\s\S]*^description: Mine$/m);
  });

  it('changes nothing when the editor fails, or when there is no answer', async () => {
    await using server = await start();
    const failing = editor(server, 'exit 3');
    const first = await runInProcess(server.socket, ['config', 'edit', 'web'], {
      ...onTerminal(0),
      env: { EDITOR: failing },
    });
    assert.equal(first.code, 1);
    assert.match(first.stderr, /ended with 3: nothing is changed/);
    const wrong = editor(server, 'echo "x: y" > "$1"');
    const second = await runInProcess(server.socket, ['config', 'edit', 'web'], {
      ...onTerminal(0),
      env: { EDITOR: wrong },
    });
    assert.deepEqual([second.code, server.instance], [1, web]);
    const missing = await runInProcess(server.socket, ['config', 'edit', 'web'], {
      ...onTerminal(0),
      env: { EDITOR: '/nonexistent/editor' },
    });
    assert.match(missing.stderr, /The editor "\/nonexistent\/editor" cannot be run/);
  });
});

describe('yurt profile', () => {
  it('assigns, adds and removes profiles of an instance', async () => {
    await using server = await start();
    const profiles = async (...argv: string[]) => [await ok(server, ['profile', ...argv]), server.instance.profiles];
    assert.deepEqual(await profiles('assign', 'web', 'a,b'), ['Profiles a,b applied to web\n', ['a', 'b']]);
    assert.deepEqual(await profiles('add', 'web', 'c'), ['Profile c added to web\n', ['a', 'b', 'c']]);
    assert.deepEqual(await profiles('remove', 'web', 'b'), ['Profile b removed from web\n', ['a', 'c']]);
    assert.deepEqual(await profiles('apply', 'web', ''), ['Profiles (none) applied to web\n', []]);
    assert.deepEqual(await profiles('assign', 'web', '--no-profiles', '-q'), ['', []]);
    assert.match((await failure(server, 'profile', 'remove', 'web', 'x')) ?? '', /isn't currently applied to web/);
    assert.match((await failure(server, 'profile', 'assign', 'web')) ?? '', /--no-profiles/);
  });

  it('is created from words and from a document', async () => {
    await using server = await start();
    server.scripted.on('ProfileService', 'CreateProfile', ({ name }) => ({ profile: { name } }));
    await ok(server, ['profile', 'create', 'a', 'user.x=1', '--description', 'A']);
    const stdin = 'config: {user.x: 0, user.y: 2}\ndescription: B\ndevices: {lan: {type: nic, network: lan}}\n';
    assert.equal(await ok(server, ['profile', 'create', 'b', 'user.x=1'], { stdin }), 'Profile b created\n');
    await ok(server, ['profile', 'copy', 'small', 'c']);
    await ok(server, ['profile', 'copy', 'small', 'd', '--target-project', 'p']);
    const plain = { project: '', description: '', config: {}, devices: {} };
    assert.deepEqual(server.scripted.requestsOf('ProfileService/CreateProfile'), [
      { ...plain, name: 'a', description: 'A', config: { 'user.x': '1' } },
      {
        ...{ ...plain, name: 'b', description: 'B', config: { 'user.x': '1', 'user.y': '2' } },
        devices: { lan: { options: { type: 'nic', network: 'lan' } } },
      },
      { ...plain, ...small, name: 'c' },
      { ...plain, ...small, name: 'd', project: 'p' },
    ]);
  });

  it('is changed key by key, device by device, and refreshed from another', async () => {
    await using server = await start();
    await ok(server, ['profile', 'set', 'small', 'limits.memory=128MiB', 'user.x=1']);
    await ok(server, ['profile', 'unset', 'small', 'user.x']);
    assert.equal(await ok(server, ['profile', 'get', 'small', 'limits.memory']), '128MiB\n');
    await ok(server, ['profile', 'set', 'small', '-p', 'description=Smaller']);
    assert.equal(
      await ok(server, ['profile', 'device', 'add', 'small', 'lan', 'nic', 'network=lan']),
      'Device lan added to small\n',
    );
    await ok(server, ['profile', 'device', 'remove', 'small', 'eth0']);
    assert.deepEqual(server.profile, {
      ...{ name: 'small', description: 'Smaller', config: { 'limits.memory': '128MiB' } },
      devices: { lan: { options: { type: 'nic', network: 'lan' } } },
    });
    await ok(server, ['profile', 'copy', 'small', 'small', '--refresh']);
    assert.equal(server.scripted.requestsOf('ProfileService/CreateProfile').length, 0);
  });

  it('is renamed and deleted', async () => {
    await using server = await start();
    server.scripted.on('ProfileService', 'RenameProfile', () => ({})).on('ProfileService', 'DeleteProfile', () => ({}));
    assert.equal(await ok(server, ['profile', 'mv', 'a', 'b']), 'Profile a renamed to b\n');
    assert.equal(await ok(server, ['profile', 'rm', 'a', 'b']), 'Profile a deleted\nProfile b deleted\n');
    assert.deepEqual(server.scripted.requestsOf('ProfileService/RenameProfile'), [
      { name: 'a', project: '', newName: 'b' },
    ]);
  });
});
