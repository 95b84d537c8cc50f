import koffi from 'koffi';
import { checked, libc } from './libc.ts';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const UTIME_OMIT = (1n << 30n) - 2n;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

const lseekCall = libc.func('long lseek(int fd, long offset, int whence)');
const utimensatCall = libc.func('int utimensat(int dirfd, const void *path, const void *times, int flags)');

/** Where the next data begins at or after `offset`; undefined when there is none. The whole file is data where the file system knows no holes. lseek(2). */
export function seekData(fd: number, offset: number): number | undefined {
  const result = Number(lseekCall(fd, offset, SEEK_DATA));
  if (result < 0 && koffi.errno() === koffi.os.errno['ENXIO']) return undefined;
  return checked('lseek', result);
}

/** Where the data at `offset` ends. */
export function seekHole(fd: number, offset: number): number {
  return checked('lseek', Number(lseekCall(fd, offset, SEEK_HOLE)));
}

/** Sets the time of the last change, to the nanosecond, of what `path` names, a symbolic link itself. utimensat(2). */
export function setModified(path: Buffer, seconds: bigint, nanoseconds: bigint): void {
  const times = new BigInt64Array([0n, UTIME_OMIT, seconds, nanoseconds]);
  const terminated = Buffer.concat([path, Buffer.alloc(1)]);
  checked('utimensat', utimensatCall(AT_FDCWD, terminated, Buffer.from(times.buffer), AT_SYMLINK_NOFOLLOW));
}
