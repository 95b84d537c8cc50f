import { constants } from 'node:os';
import { Fault } from '../base/fault.ts';
import type { OciSeccomp, OciSeccompArgument, OciSeccompRule } from './oci-spec.ts';

interface DeniedCall {
  readonly name: string;
  /** What the call fails with: EPERM says "not you", ENOSYS "not here", for programs that then try something else. */
  readonly errno: 'EPERM' | 'ENOSYS' | 'EACCES';
  readonly when?: OciSeccompArgument;
  readonly reason: string;
}

/** umount2(2). */
const MNT_FORCE = 1;

/**
 * What a system container may not call. All else is allowed, because inside runs a whole system: user namespaces, mounts,
 * keyrings, BPF are its own business and the kernel's checks against its user namespace decide. These calls are
 * refused by that check as well; the filter keeps their code out of reach, should the check ever have a hole.
 */
export const deniedCalls: readonly DeniedCall[] = [
  { name: 'kexec_load', errno: 'ENOSYS', reason: 'replaces the kernel that all instances and the host share' },
  { name: 'kexec_file_load', errno: 'ENOSYS', reason: 'replaces the kernel that all instances and the host share' },
  { name: 'init_module', errno: 'EPERM', reason: 'puts code into the shared kernel' },
  { name: 'finit_module', errno: 'EPERM', reason: 'puts code into the shared kernel' },
  { name: 'delete_module', errno: 'EPERM', reason: 'takes code out of the shared kernel' },
  {
    name: 'open_by_handle_at',
    errno: 'EPERM',
    reason: 'opens files of a file system by number, also those outside the root of the instance',
  },
  {
    name: 'umount2',
    errno: 'EACCES',
    when: { index: 1, value: MNT_FORCE, valueTwo: MNT_FORCE, op: 'SCMP_CMP_MASKED_EQ' },
    reason: 'a forced unmount aborts the requests of everybody who uses the same FUSE or NFS server, on the host too',
  },
];

/**
 * The system call tables that a 64-bit kernel offers to a process, beside its own: without them in the filter a 32-bit
 * (or x32) program would be killed; with them the same rules hold for it.
 */
const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  riscv64: ['SCMP_ARCH_RISCV64'],
  ppc64: ['SCMP_ARCH_PPC64LE'],
  s390x: ['SCMP_ARCH_S390X', 'SCMP_ARCH_S390'],
};

/** What `security.syscalls.*` ask for. */
export interface SyscallPolicy {
  /** Whether `deniedCalls` are denied. */
  readonly denyDefault: boolean;
  /** Whether programs of the other system call tables of the processor (32-bit ones) may run. */
  readonly denyCompat: boolean;
  /** These too. */
  readonly deny: readonly string[];
  /** Not empty: these and no others, whatever the rest says. */
  readonly allow: readonly string[];
}

export const usualPolicy: SyscallPolicy = { denyDefault: true, denyCompat: false, deny: [], allow: [] };

/** The filter for `arch`, as `process.arch` names it. Faults: `unsupported` for one that nobody has tried. */
export function seccompFilter(arch: string, policy = usualPolicy): OciSeccomp {
  const known = architectures[arch];
  if (known === undefined) throw new Fault('unsupported', `No system call filter for the processor type "${arch}"`);
  // A call of a table that the filter does not know kills the caller.
  const tables = policy.denyCompat ? known.slice(0, 1) : known;
  if (policy.allow.length > 0) {
    return {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: constants.errno.ENOSYS,
      architectures: tables,
      syscalls: [{ names: policy.allow, action: 'SCMP_ACT_ALLOW' }],
    };
  }
  const own = new Set(policy.deny);
  // A rule for all of a call and one for some of its arguments exclude one another.
  const usual = policy.denyDefault ? deniedCalls.filter(({ name }) => !own.has(name)) : [];
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: tables,
    syscalls: [
      ...usual.map(
        ({ name, errno, when }): OciSeccompRule => ({
          names: [name],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: constants.errno[errno],
          ...(when === undefined ? {} : { args: [when] }),
        }),
      ),
      ...(own.size === 0
        ? []
        : [{ names: [...own], action: 'SCMP_ACT_ERRNO' as const, errnoRet: constants.errno.ENOSYS }]),
    ],
  };
}
