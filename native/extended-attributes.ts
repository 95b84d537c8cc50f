import koffi from 'koffi';
import { checked, libc } from './libc.ts';

/** Bytes of all names of one file, and of one value: XATTR_LIST_MAX and XATTR_SIZE_MAX of linux/limits.h. */
const maxBytes = 65_536;

const listCall = libc.func('long llistxattr(const void *path, void *list, size_t size)');
const getCall = libc.func('long lgetxattr(const void *path, const char *name, void *value, size_t size)');
const setCall = libc.func(
  'int lsetxattr(const void *path, const char *name, const void *value, size_t size, int flags)',
);

/** One buffer for all calls: each result is copied out before the next. */
const buffer = Buffer.allocUnsafeSlow(maxBytes);

/** Names of the extended attributes of what `path` names, a symbolic link itself; none where the file system has none. listxattr(2). */
export function listExtendedAttributes(path: Buffer): string[] {
  const size = Number(listCall(terminated(path), buffer, maxBytes));
  if (size < 0 && koffi.errno() === koffi.os.errno['EOPNOTSUPP']) return [];
  if (checked('llistxattr', size) === 0) return [];
  return buffer.toString('latin1', 0, size - 1).split('\0');
}

/** Undefined when it is gone or not ours to read. getxattr(2). */
export function readExtendedAttribute(path: Buffer, name: string): Buffer | undefined {
  const size = Number(getCall(terminated(path), name, buffer, maxBytes));
  return size < 0 ? undefined : Buffer.from(buffer.subarray(0, size));
}

/** Throws a SystemError: EPERM, EOPNOTSUPP, ENOSPC, …. setxattr(2). */
export function setExtendedAttribute(path: Buffer, name: string, value: Buffer): void {
  checked('lsetxattr', setCall(terminated(path), name, value, value.length, 0), name);
}

function terminated(path: Buffer): Buffer {
  return Buffer.concat([path, zero]);
}

const zero = Buffer.alloc(1);
