import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSpec, execProcess, type SpecInput } from './build-spec.ts';
import { checkExecInput } from './check-spec-input.ts';

const id = '0f0e7b5c-6a3d-4a51-9a3c-2f6d1c0b9e8a';

const input: SpecInput = {
  id,
  hostname: 'web-1',
  idMap: { hostBase: 1_131_072, size: 65_536 },
  rootPath: `/run/yurt/mounts/${id}`,
  init: ['/sbin/init'],
  environment: { LANG: 'C.UTF-8', GREETING: 'one two "three" $(four) \\ ünf' },
  cgroupsPath: `/yurt/d1/${id}`,
  devices: [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o666 }],
  mounts: [{ destination: '/srv/data', type: 'bind', source: '/data', options: ['bind', 'ro'] }],
  agentDirectory: '/usr/lib/yurt/agent',
  apparmorProfile: 'yurt-default',
  annotations: { 'org.yurt.instance': id },
  host: {
    arch: 'x64',
    lastCapability: 40,
    maxOpenFiles: 1_048_576,
    oomScoreAdj: -900,
    memoryBytes: 8 * 2 ** 30,
    rlimits: { nofile: 20_000 },
    capabilities: 0x1fffeffffffn,
  },
};

/** Words that must never reach the runtime or the system inside: each would mean something else there. */
const hostile = ['a\nb', 'a\rb', 'a\0b', 'a\n[Service]\nExecStart=/bin/sh'];

test('the specification of an instance is what it was', (t) => {
  // Written anew by: bin/node --test --test-update-snapshots server/runtime/build-spec.test.ts
  t.assert.fileSnapshot(buildSpec(input), join(import.meta.dirname, 'build-spec.golden.txt'), {
    serializers: [(value) => JSON.stringify(value, undefined, 2)],
  });
});

test('an instance without devices and agent has none in its specification', () => {
  const { agentDirectory, apparmorProfile, annotations, ...required } = input;
  assert.ok(agentDirectory && apparmorProfile && annotations);
  const spec = buildSpec({ ...required, devices: [], mounts: [] });
  assert.deepEqual(spec.linux.resources, { devices: [{ allow: true, access: 'rwm' }] });
  assert.ok(!spec.mounts.some(({ destination }) => destination === '/dev/.yurt'));
  assert.ok(!('annotations' in spec) && !('apparmorProfile' in spec.process));
});

test('every instance has a user namespace of its own without the ids of the host', () => {
  const spec = buildSpec(input);
  assert.ok(spec.linux.namespaces.some(({ type }) => type === 'user'));
  assert.equal(spec.linux.namespaces.length, 7);
  for (const idMap of [
    { hostBase: 0, size: 65_536 },
    { hostBase: -1, size: 10 },
    { hostBase: 1.5, size: 10 },
    { hostBase: 100_000, size: 0 },
    { hostBase: 0xffff_fff0, size: 65_536 },
  ]) {
    assert.throws(() => buildSpec({ ...input, idMap }), { code: 'invalid' });
  }
});

test('strings survive the way through JSON unchanged', () => {
  const spec: unknown = JSON.parse(JSON.stringify(buildSpec(input)));
  assert.deepEqual(spec, buildSpec(input));
  assert.ok(buildSpec(input).process.env.includes(`GREETING=${input.environment['GREETING']}`));
});

test('host names that are none are refused', () => {
  const bad = [...hostile, '', '-a', 'a-', 'a..b', '.a', 'a b', 'a/b', '../a', 'ä', 'a'.repeat(65), '\u202eabc'];
  for (const hostname of bad) assert.throws(() => buildSpec({ ...input, hostname }), { code: 'invalid' }, hostname);
  for (const hostname of ['a', 'web-1', 'A.b.example', '0']) buildSpec({ ...input, hostname });
});

test('environment that could be read as something else is refused', () => {
  for (const value of hostile) {
    assert.throws(() => buildSpec({ ...input, environment: { KEY: value } }), { code: 'invalid' });
    assert.throws(() => buildSpec({ ...input, annotations: { key: value } }), { code: 'invalid' });
  }
  for (const key of ['', 'A=B', '1A', 'A B', 'A\nB', 'A\0']) {
    assert.throws(() => buildSpec({ ...input, environment: { [key]: 'x' } }), { code: 'invalid' }, key);
  }
  const many = Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`V${index}`, '']));
  assert.throws(() => buildSpec({ ...input, environment: many }), { code: 'invalid', message: /Too many/ });
  assert.throws(() => buildSpec({ ...input, environment: { A: 'x'.repeat(65_537) } }), { code: 'invalid' });
});

test('ids, paths and options that could lead elsewhere are refused', () => {
  const mount = input.mounts[0];
  assert.ok(mount);
  const bad: Partial<SpecInput>[] = [
    { id: 'web1' },
    { id: `../${id}` },
    { cgroupsPath: '/yurt/../..' },
    { cgroupsPath: 'system.slice:yurt:x' },
    { rootPath: 'relative' },
    { rootPath: '/a/../b' },
    { rootPath: '/a//b' },
    { agentDirectory: '/a\nb' },
    { init: [] },
    { init: ['init'] },
    { init: ['/sbin/init', 'a\0b'] },
    { apparmorProfile: 'a\nb' },
    { mounts: [{ ...mount, destination: '/srv/../../etc' }] },
    { mounts: [{ ...mount, source: '/a\nb' }] },
    { mounts: [{ ...mount, options: ['bind,dev'] }] },
  ];
  for (const change of bad) {
    assert.throws(() => buildSpec({ ...input, ...change }), { code: 'invalid' }, JSON.stringify(change));
  }
});

test('a command beside init has the rights of init and nothing of its environment', () => {
  const init = buildSpec(input).process;
  const process = execProcess(init, ['/bin/sh', '-c', 'two\nlines'], { HOME: '/root' }, input.host);
  assert.deepEqual(process.capabilities, init.capabilities);
  assert.equal(process.apparmorProfile, init.apparmorProfile);
  assert.deepEqual(process.env, ['HOME=/root']);
  assert.equal(process.terminal, false);
  for (const argv of [[], [''], ['a\0b'], ['a', 'x'.repeat(65_537)]]) {
    assert.throws(() => checkExecInput(argv, {}), { code: 'invalid' });
  }
  assert.throws(() => checkExecInput(['a'], { 'A=B': '' }), { code: 'invalid' });
  assert.throws(() => checkExecInput(['a'], { A: 'x\0' }), { code: 'invalid' });
  checkExecInput(['sh', '-c', 'a\nb'], { A: 'x\ny' });
});

test('a privileged system has no user namespace, fewer capabilities, and only the devices of a system', () => {
  const spec = buildSpec({ ...input, idMap: { hostBase: 0, size: 65_536 }, privileged: true });
  assert.ok(!spec.linux.namespaces.some(({ type }) => type === 'user'));
  assert.ok(spec.process.capabilities.bounding.includes('CAP_SYS_ADMIN'));
  assert.ok(!('uidMappings' in spec.linux) && !('gidMappings' in spec.linux));
  for (const name of ['SYS_MODULE', 'SYS_RAWIO', 'SYS_TIME', 'MAC_ADMIN', 'MAC_OVERRIDE', 'SYSLOG', 'SYS_RESOURCE']) {
    assert.ok(!spec.process.capabilities.bounding.includes(`CAP_${name}`), name);
  }
  assert.deepEqual(spec.linux.resources.devices[0], { allow: false, access: 'rwm' });
  assert.ok(spec.linux.resources.devices.slice(1).every(({ major, access }) => major !== undefined || access === 'm'));
  assert.ok(spec.linux.readonlyPaths.includes('/proc/sys') && spec.linux.maskedPaths.includes('/proc/kcore'));
  assert.throws(() => buildSpec({ ...input, privileged: true }), { code: 'invalid' });
  const access = [{ nodeType: 'b', major: 7, minor: 1 }] as const;
  const more = buildSpec({ ...input, idMap: { hostBase: 0, size: 65_536 }, privileged: true, access });
  const rule = { allow: true, type: 'b', major: 7, minor: 1, access: 'rw' } as const;
  assert.deepEqual(more.linux.resources.devices, [...spec.linux.resources.devices, rule]);
});

test('containers inside get a whole proc and sysfs when nesting is on', () => {
  const targets = (nesting: boolean) => buildSpec({ ...input, nesting }).mounts.map(({ destination }) => destination);
  assert.ok(targets(true).includes('/dev/.lxc/proc') && targets(true).includes('/dev/.lxc/sys'));
  assert.ok(!targets(false).some((destination) => destination.startsWith('/dev/.lxc')));
});

test('sysctls that are no names of settings are refused', () => {
  assert.deepEqual(buildSpec({ ...input, sysctls: { 'net.core.somaxconn': '9' } }).linux.sysctl, {
    'net.core.somaxconn': '9',
  });
  for (const name of ['x', '../x.y', 'net/ipv4', 'net.', 'net..x']) {
    assert.throws(() => buildSpec({ ...input, sysctls: { [name]: '1' } }), { code: 'invalid' }, name);
  }
});
