import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cgroups } from '../host/cgroups.ts';
import { detectHostFeatures, type HostView } from '../host/host-features.ts';
import { chooseEngine } from './engine.ts';

const unified = new Cgroups('/sys/fs/cgroup', new Map());
const hybrid = new Cgroups('/sys/fs/cgroup/unified', new Map([['memory', '/sys/fs/cgroup/memory']]));
const legacy = new Cgroups(undefined, new Map([['memory', '/sys/fs/cgroup/memory']]));

async function features(cgroups: Cgroups, programs: readonly string[]) {
  const view: HostView = {
    kernelVersion: '6.1.0-13-amd64',
    cgroups,
    read: async () => undefined,
    exists: async () => false,
    find: async (name) => (programs.includes(name) ? `/usr/bin/${name}` : undefined),
  };
  return detectHostFeatures(view);
}

test('crun runs instances where cgroup v2 is alone, runc where v1 is there too', async () => {
  const all = ['crun', 'runc', 'conmon'];
  assert.equal(chooseEngine(await features(unified, all)).path, '/usr/bin/crun');
  assert.equal(chooseEngine(await features(hybrid, all)).path, '/usr/bin/runc');
});

test('what is missing is named together with what brings it', async () => {
  const missing = async (cgroups: Cgroups, programs: string[]) => {
    const found = await features(cgroups, programs);
    let message = '';
    assert.throws(
      () => chooseEngine(found),
      (error: Error) => {
        message = error.message;
        return 'code' in error && error.code === 'unsupported';
      },
    );
    return message;
  };
  assert.equal(await missing(unified, ['runc', 'conmon']), 'crun is not installed: apt-get install crun');
  assert.equal(await missing(hybrid, ['crun', 'conmon']), 'runc is not installed: apt-get install runc');
  assert.equal(await missing(unified, ['crun']), 'conmon is not installed: apt-get install conmon');
  assert.match(await missing(legacy, ['crun', 'runc', 'conmon']), /no cgroup2 .*: mount -t cgroup2/);
});

test('both engines are called with the options that they know', async () => {
  const request = { id: 'ID', processPath: '/p.json', pidPath: '/p.pid', logPath: '/p.log', preserveFds: 2 };
  const crun = chooseEngine(await features(unified, ['crun', 'conmon']));
  assert.deepEqual(crun.globalArguments('/s'), ['--root=/s', '--cgroup-manager=cgroupfs']);
  assert.equal(
    crun.execArguments({ ...request, leaf: '.yurt' }).join(' '),
    '--log=/p.log exec --detach --process=/p.json --pid-file=/p.pid --preserve-fds=2 --cgroup=.yurt ID',
  );
  const runc = chooseEngine(await features(hybrid, ['runc', 'conmon']));
  assert.deepEqual(runc.globalArguments('/s'), ['--root', '/s']);
  assert.equal(
    runc.execArguments(request).join(' '),
    '--log /p.log exec --detach --process /p.json --pid-file /p.pid --preserve-fds 2 ID',
  );
});
