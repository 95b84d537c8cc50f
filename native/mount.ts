import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { checked, libc, SystemError } from './libc.ts';

/**
 * Mounts by descriptor. glibc has wrappers for the newer calls since 2.36 only, so they go through syscall(2); from 424
 * on every architecture has the same numbers (asm-generic/unistd.h). Linux passes variadic arguments like fixed ones on
 * x86_64 and aarch64, which is why each call may have a signature of its own.
 */
const numbers = { openTree: 428, moveMount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, mountSetattr: 442 } as const;

/** mount_setattr(2): `struct mount_attr`. */
const mountAttr = koffi.struct({ attr_set: 'uint64', attr_clr: 'uint64', propagation: 'uint64', userns_fd: 'uint64' });
const mountAttrSize = 32; // MOUNT_ATTR_SIZE_VER0
if (koffi.sizeof(mountAttr) !== mountAttrSize) throw new Error('struct mount_attr has an unexpected size');

const openTreeCall = libc.func('syscall', 'long', ['long', 'int', 'str', 'uint']);
const moveMountCall = libc.func('syscall', 'long', ['long', 'int', 'str', 'int', 'str', 'uint']);
const mountSetattrCall = libc.func('syscall', 'long', [
  'long',
  'int',
  'str',
  'uint',
  koffi.pointer(mountAttr),
  'size_t',
]);
const fsopenCall = libc.func('syscall', 'long', ['long', 'str', 'uint']);
const fsconfigCall = libc.func('syscall', 'long', ['long', 'int', 'uint', 'str', 'str', 'int']);
const fsmountCall = libc.func('syscall', 'long', ['long', 'int', 'uint', 'uint']);
const mountCall = libc.func(
  'int mount(const char *source, const char *target, const char *type, ulong flags, str data)',
);
const umount2Call = libc.func('int umount2(const char *target, int flags)');
const syncfsCall = libc.func('int syncfs(int fd)');

/** Flags of mount(2), linux/mount.h. */
export const mountFlags = {
  readOnly: 0x1,
  noSetId: 0x2,
  noDevices: 0x4,
  noAccessTimes: 0x400,
  relativeAccessTimes: 0x200000,
  private: 0x40000,
} as const;

/** Attributes of mount_setattr(2), linux/mount.h. */
const attributes = { readOnly: 0x1, noDevices: 0x4, idmap: 0x100000 } as const;
const privatePropagation = 0x40000; // MS_PRIVATE
const atRecursive = 0x8000; // AT_RECURSIVE
const openTreeClone = 0x1;
const openTreeCloseOnExec = 0o2000000;
const emptyPath = 0x1000; // AT_EMPTY_PATH
const fromEmptyPath = 0x4; // MOVE_MOUNT_F_EMPTY_PATH
const toEmptyPath = 0x40; // MOVE_MOUNT_T_EMPTY_PATH
const detach = 0x2; // MNT_DETACH

/**
 * open_tree(2) with OPEN_TREE_CLONE: a detached copy of the mount that the file or directory `fd` lies on, rooted there;
 * with `recursive`, also of the mounts below it.
 */
export function cloneMount(fd: number, recursive = false): number {
  const flags = openTreeClone | openTreeCloseOnExec | emptyPath | (recursive ? atRecursive : 0);
  return checked('open_tree', openTreeCall(numbers.openTree, fd, '', flags));
}

/** move_mount(2): puts the mount that `mountFd` is the root of on the directory `targetFd`. */
export function attachMount(mountFd: number, targetFd: number): void {
  checked('move_mount', moveMountCall(numbers.moveMount, mountFd, '', targetFd, '', fromEmptyPath | toEmptyPath));
}

/** What a detached mount should be. Attributes that are not named stay as they are. */
export interface MountAttributes {
  readonly readOnly?: boolean;
  /** Whether device nodes in it work. */
  readonly devices?: boolean;
  /** Cut off from mounts that appear at its source later. */
  readonly private?: boolean;
  /** A user namespace whose map its ids are shown through; only for a mount that was never attached. */
  readonly namespaceFd?: number;
  readonly recursive?: boolean;
}

/** mount_setattr(2). EINVAL with `namespaceFd`: the file system cannot be idmapped, or the mount already is. */
export function setMountAttributes(mountFd: number, wanted: MountAttributes): void {
  const bit = (value: boolean | undefined, flag: number) => (value === true ? flag : 0);
  const attr = {
    attr_set:
      bit(wanted.readOnly, attributes.readOnly) |
      bit(wanted.devices === false, attributes.noDevices) |
      bit(wanted.namespaceFd !== undefined, attributes.idmap),
    attr_clr: bit(wanted.devices, attributes.noDevices),
    propagation: bit(wanted.private, privatePropagation),
    userns_fd: wanted.namespaceFd ?? 0,
  };
  const flags = emptyPath | bit(wanted.recursive, atRecursive);
  checked('mount_setattr', mountSetattrCall(numbers.mountSetattr, mountFd, '', flags, attr, mountAttrSize));
}

const setString = 1; // FSCONFIG_SET_STRING
const createFileSystem = 6; // FSCONFIG_CMD_CREATE

/** fsopen(2), fsconfig(2), fsmount(2): a new file system as a detached mount, with `options` in the kernel's words. */
export function newFileSystem(type: string, options: Readonly<Record<string, string>>): number {
  const closeOnExec = 1; // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
  const context = checked('fsopen', Number(fsopenCall(numbers.fsopen, type, closeOnExec)), type);
  try {
    for (const [key, value] of Object.entries(options)) {
      checked('fsconfig', Number(fsconfigCall(numbers.fsconfig, context, setString, key, value, 0)), `${key}=${value}`);
    }
    checked('fsconfig', Number(fsconfigCall(numbers.fsconfig, context, createFileSystem, null, null, 0)), type);
    return checked('fsmount', Number(fsmountCall(numbers.fsmount, context, closeOnExec, 0)), type);
  } finally {
    closeSync(context);
  }
}

/** mount(2), on a thread of the pool: assembling a file system may wait for the disk. `data` is at most one page. */
export async function mount(
  source: string,
  target: string,
  type: string | null,
  flags: number,
  data: string | null,
): Promise<void> {
  await onThread('mount', target, (done) => mountCall.async(source, target, type, flags, data, done));
}

/** umount2(2) with MNT_DETACH, on a thread of the pool: taking down the last mount of a file system writes it out first. */
export async function unmountDetached(target: string): Promise<void> {
  await onThread('umount2', target, (done) => umount2Call.async(target, detach, done));
}

/** syncfs(2), on a thread of the pool: all that was written to the file system of `fd` is on the disk. */
export async function syncFileSystem(fd: number): Promise<void> {
  await onThread('syncfs', '', (done) => syncfsCall.async(fd, done));
}

/** None of these calls depends on which thread makes it. errno is right in the callback's own tick. */
function onThread(
  syscall: string,
  detail: string,
  start: (done: (error: unknown, result: number) => void) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  start((error, result) => {
    if (error !== null && error !== undefined) reject(error);
    else if (result < 0) reject(new SystemError(syscall, koffi.errno(), detail));
    else resolve();
  });
  return promise;
}
