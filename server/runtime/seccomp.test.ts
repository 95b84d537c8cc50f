import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deniedCalls, seccompFilter, usualPolicy } from './seccomp.ts';
import { syscallNames } from './syscall-names.ts';

test('programs of the other system call tables of the processor are filtered by the same rules, not killed', () => {
  assert.deepEqual(seccompFilter('x64').architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
  assert.deepEqual(seccompFilter('arm64').architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  assert.throws(() => seccompFilter('vax'), { code: 'unsupported' });
});

test('the kernel, its modules and file handles are out of reach; only forced unmounts fail', () => {
  const rules = new Map(seccompFilter('x64').syscalls.map((rule) => [rule.names.join(), rule]));
  for (const name of ['kexec_load', 'kexec_file_load']) assert.equal(rules.get(name)?.errnoRet, 38);
  for (const name of ['init_module', 'finit_module', 'delete_module', 'open_by_handle_at']) {
    assert.equal(rules.get(name)?.errnoRet, 1);
    assert.equal(rules.get(name)?.args, undefined);
  }
  assert.deepEqual(rules.get('umount2')?.args, [{ index: 1, value: 1, valueTwo: 1, op: 'SCMP_CMP_MASKED_EQ' }]);
  assert.equal(rules.get('umount2')?.errnoRet, 13);
  assert.equal(rules.size, deniedCalls.length);
  for (const { reason } of deniedCalls) assert.ok(reason.length > 10);
});

test('what a configuration denies fails as if the kernel did not have it', () => {
  const { syscalls, defaultAction } = seccompFilter('x64', { ...usualPolicy, deny: ['keyctl', 'umount2'] });
  assert.equal(defaultAction, 'SCMP_ACT_ALLOW');
  assert.deepEqual(syscalls.at(-1), { names: ['keyctl', 'umount2'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
  assert.equal(syscalls.filter(({ names }) => names.includes('umount2')).length, 1);
  assert.deepEqual(seccompFilter('x64', { ...usualPolicy, denyDefault: false }).syscalls, []);
});

test('a list of what is allowed allows nothing else', () => {
  assert.deepEqual(seccompFilter('x64', { ...usualPolicy, allow: ['read', 'write'] }), {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: [{ names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' }],
  });
});

test('programs of other tables can be kept out', () => {
  assert.deepEqual(seccompFilter('x64', { ...usualPolicy, denyCompat: true }).architectures, ['SCMP_ARCH_X86_64']);
});

test('every call that is denied by default exists', () => {
  for (const { name } of deniedCalls) assert.ok(syscallNames.has(name), name);
});
