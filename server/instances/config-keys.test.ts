import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../base/config-key.ts';
import { instanceKeys } from './config-keys.ts';
import { checkTogether, specOptionsOf, wantedIdsOf } from './spec-options.ts';

const good: readonly (readonly [string, string])[] = [
  ['limits.memory', '512MiB'],
  ['limits.memory', '25%'],
  ['limits.memory.enforce', 'soft'],
  ['limits.memory.swap', 'false'],
  ['limits.memory.swap', '1GiB'],
  ['limits.cpu', '2'],
  ['limits.cpu', '0-3,5'],
  ['limits.cpu.allowance', '25ms/100ms'],
  ['limits.kernel.nofile', '1024:4096'],
  ['limits.kernel.memlock', 'unlimited'],
  ['limits.kernel.core', '0:unlimited'],
  ['linux.sysctl.net.ipv4.ip_forward', '1'],
  ['linux.sysctl.net.ipv4.conf.all.rp_filter', '0'],
  ['linux.sysctl.kernel.shmmax', '65536'],
  ['linux.sysctl.fs.mqueue.msg_max', '20'],
  ['security.syscalls.deny', 'keyctl\n# and\n\nadd_key'],
  ['security.idmap.isolated', 'true'],
  ['security.idmap.size', '131072'],
  ['raw.oci', '{"annotations":{"a":"b"}}'],
  ['environment.HTTP_PROXY', 'http://10.0.0.1:3128'],
];

const bad: readonly (readonly [string, string, RegExp])[] = [
  ['limits.memory', '0', /Invalid value "0" for limits\.memory: must be a size of at least 4MiB/],
  ['limits.memory', '0%', /1% to 100%/],
  ['limits.memory.enforce', 'maybe', /must be hard or soft/],
  ['limits.memory.swap', 'some', /true, false or a size/],
  ['limits.cpu', '0', /a number of processors/],
  ['limits.cpu.allowance', '50', /1% to 1000%/],
  ['limits.cpu.priority', '11', /0 to 10/],
  ['limits.processes', '0', /from 1 to/],
  ['limits.kernel.nofiles', '1', /Unknown configuration key .* did you mean "limits\.kernel\.nofile"/],
  ['limits.kernel.nofile', '10:5', /SOFT:HARD/],
  ['limits.kernel.nofile', '1:2:3', /SOFT:HARD/],
  ['linux.sysctl.kernel.hostname', 'x', /Cannot set linux\.sysctl\.kernel\.hostname: an instance is called/],
  ['linux.sysctl.vm.swappiness', '1', /would change the host and every instance/],
  ['linux.sysctl.kernel.core_pattern', '|/x', /would change the host/],
  ['linux.sysctl.net.ipv4.conf.eth0.rp_filter', '1', /the link eth0 does not exist yet/],
  ['linux.sysctl.net/../kernel.x', '1', /it is no name of a kernel setting/],
  ['linux.sysctl.net.ipv4.ip_forward', '1\n2', /one line/],
  ['security.syscalls.deny', 'keyctll', /"keyctll" is none; did you mean "keyctl"/],
  ['security.idmap.isolated', 'false', /only|every instance has ids of its own/],
  ['security.idmap.size', '1000', /from 65536/],
  ['raw.oci', '{"root":{"path":"/"}}', /leaves "root" alone/],
  ['environment.A=B', 'x', /no name of a variable/],
  ['enviroment.A_LONG_NAME', 'x', /did you mean "environment\.A_LONG_NAME"/],
  ['users.comment', 'x', /did you mean "user\.comment"/],
  ['linux.sysctls.net.ipv4.ip_forward', '1', /did you mean "linux\.sysctl\.net\.ipv4\.ip_forward"/],
  ['user', 'x', /did you mean "user\.\*"/],
  ['user.\u001b[31mred', 'x', /Invalid configuration key .* without control characters/],
  [`user.${'x'.repeat(255)}`, 'x', /Invalid configuration key .* at most 255 bytes/],
];

test('every kind of good value is taken', () => {
  for (const [key, value] of good) checkConfig(instanceKeys, { [key]: value });
});

test('a wrong value or name is refused with what is allowed', () => {
  for (const [key, value, message] of bad) {
    assert.throws(() => checkConfig(instanceKeys, { [key]: value }), { code: 'invalid', message }, `${key}=${value}`);
  }
});

test('every key has a type and a sentence that says what it does', () => {
  for (const { key, type, doc } of instanceKeys) {
    assert.ok(type !== '' && /^[A-Za-z].*[.]$/.test(doc), key);
    assert.ok(!doc.includes('|'), `${key}: a table cannot have it`);
  }
  assert.equal(new Set(instanceKeys.map(({ key }) => key)).size, instanceKeys.length);
});

test('a default is a value that its own check takes', () => {
  for (const { key, default: unset, check } of instanceKeys) {
    if (unset !== '') assert.equal(check(unset), undefined, key);
  }
});

test('keys that exclude one another are refused together', () => {
  for (const config of [
    { 'security.syscalls.allow': 'read', 'security.syscalls.deny': 'write' },
    { 'security.syscalls.allow': 'read', 'security.syscalls.deny_default': 'false' },
    { 'security.privileged': 'true', 'security.idmap.base': '1000000' },
  ]) {
    assert.throws(() => checkTogether(config), { code: 'invalid', message: /exclude one another/ });
  }
  checkTogether({ 'security.syscalls.allow': 'read' });
});

test('the specification gets what the keys say', () => {
  const options = specOptionsOf({
    'limits.kernel.nofile': '10:20',
    'linux.sysctl.net.ipv4.ip_forward': '1',
    'security.nesting': 'yes',
    'security.syscalls.deny': 'keyctl\n#no\nbpf',
    'security.syscalls.deny_default': 'off',
  });
  assert.deepEqual(options, {
    rlimits: { nofile: { soft: 10, hard: 20 } },
    sysctls: { 'net.ipv4.ip_forward': '1' },
    syscalls: { denyDefault: false, denyCompat: false, deny: ['keyctl', 'bpf'], allow: [] },
    nesting: true,
    privileged: false,
  });
  assert.deepEqual(wantedIdsOf({ 'security.idmap.base': '1000000', 'security.idmap.size': '70000' }), {
    privileged: false,
    size: 70_000,
    punched: [],
    hostBase: 1_000_000,
  });
});
