import koffi from 'koffi';
import { checked, libc, SystemError } from './libc.ts';

/**
 * Mounts by descriptor. glibc has wrappers for the newer calls since 2.36 only, so they go through syscall(2); from 424
 * on every architecture has the same numbers (asm-generic/unistd.h). Linux passes variadic arguments like fixed ones on
 * x86_64 and aarch64, which is why each call may have a signature of its own.
 */
const numbers = { openTree: 428, moveMount: 429, mountSetattr: 442 } as const;

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
const attributes = { readOnly: 0x1, idmap: 0x100000 } as const;
const openTreeClone = 0x1;
const openTreeCloseOnExec = 0o2000000;
const emptyPath = 0x1000; // AT_EMPTY_PATH
const fromEmptyPath = 0x4; // MOVE_MOUNT_F_EMPTY_PATH
const toEmptyPath = 0x40; // MOVE_MOUNT_T_EMPTY_PATH
const detach = 0x2; // MNT_DETACH

/** open_tree(2) with OPEN_TREE_CLONE: a detached copy of the mount that the directory `fd` lies on, rooted there. */
export function cloneMount(fd: number): number {
  const flags = openTreeClone | openTreeCloseOnExec | emptyPath;
  return checked('open_tree', openTreeCall(numbers.openTree, fd, '', flags));
}

/** move_mount(2): puts the mount that `mountFd` is the root of on the directory `targetFd`. */
export function attachMount(mountFd: number, targetFd: number): void {
  checked('move_mount', moveMountCall(numbers.moveMount, mountFd, '', targetFd, '', fromEmptyPath | toEmptyPath));
}

/**
 * mount_setattr(2) with MOUNT_ATTR_IDMAP and MOUNT_ATTR_RDONLY: through the detached mount `mountFd`, ids appear as the
 * user namespace `namespaceFd` maps them, and nothing can be written. EINVAL: the file system cannot be idmapped, or the
 * mount already is.
 */
export function mapMountIds(mountFd: number, namespaceFd: number): void {
  const attr = {
    attr_set: attributes.idmap | attributes.readOnly,
    attr_clr: 0,
    propagation: 0,
    userns_fd: namespaceFd,
  };
  const result = mountSetattrCall(numbers.mountSetattr, mountFd, '', emptyPath, attr, mountAttrSize);
  checked('mount_setattr', result);
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
