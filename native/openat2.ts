import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { checked, libc, SystemError } from './libc.ts';

/** open(2) flags, as on x86-64 and every architecture with the generic numbers for these (aarch64 differs in O_DIRECTORY and O_NOFOLLOW). */
const arm = process.arch === 'arm64' || process.arch === 'arm';
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NONBLOCK = 0o4000;
export const O_NOCTTY = 0o400;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
export const O_DIRECTORY = arm ? 0o40000 : 0o200000;
export const O_NOFOLLOW = arm ? 0o100000 : 0o400000;

/** openat2(2): no /proc-style links that jump anywhere. */
export const RESOLVE_NO_MAGICLINKS = 0x02;
/** openat2(2): no symbolic links at all. */
export const RESOLVE_NO_SYMLINKS = 0x04;
/** openat2(2): refuse any path that would leave the directory. */
export const RESOLVE_BENEATH = 0x08;
/** openat2(2): `/`, `..` and absolute links mean the directory, as chroot(2) would have it. */
export const RESOLVE_IN_ROOT = 0x10;

/** The number of openat2 on every architecture (asm-generic/unistd.h). */
const SYS_openat2 = 437;
const openHowSize = 24;
/** A rename during a scoped lookup makes it fail with EAGAIN (openat2(2)); whoever renames for ever gets that error. */
const maxLookupAttempts = 32;

const syscall = libc.func('long syscall(long number, int dirfd, const char *path, void *how, size_t size)');
const readlinkatCall = libc.func('long readlinkat(int dirfd, const char *path, _Out_ uint8_t *buffer, size_t size)');

/**
 * openat2(2): opens `path` below `dirfd` under the rules of `resolve`; the descriptor is close-on-exec. Throws a
 * SystemError: EXDEV or ELOOP when the rules forbid the path, ENOENT, ENOTDIR, ….
 */
export function openat2(dirfd: number, path: string, flags: number, resolve: number, mode = 0): number {
  if (path.includes('\0')) throw new SystemError('openat2', 22, JSON.stringify(path));
  const how = Buffer.alloc(openHowSize);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  for (let attempt = 1; ; attempt++) {
    const result = Number(syscall(SYS_openat2, dirfd, path, how, openHowSize));
    if (result >= 0) return result;
    const again = koffi.errno() === koffi.os.errno['EAGAIN'];
    if (!again || attempt === maxLookupAttempts) return checked('openat2', result, JSON.stringify(path));
  }
}

/** The target of the symbolic link that `fd` (O_PATH | O_NOFOLLOW) stands for; at most `maxBytes` of it. readlinkat(2). */
export function readLinkOf(fd: number, maxBytes: number): string {
  const buffer = Buffer.alloc(maxBytes);
  const size = checked('readlinkat', Number(readlinkatCall(fd, '', buffer, maxBytes)));
  return buffer.toString('utf8', 0, size);
}

/** Runs `use` with the descriptor and closes it, whatever happens. */
export function withFd<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
