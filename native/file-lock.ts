import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import { libc, SystemError } from './libc.ts';

/** flock(2): `int flock(int fd, int operation)`. */
const flock = libc.func('int flock(int fd, int operation)');
const lockExclusive = 2;
const lockNonBlocking = 4;
const wouldBlock = 11; // EWOULDBLOCK, asm-generic/errno-base.h

/**
 * Takes an exclusive lock on a file, made when missing. It belongs to the open file description: only this descriptor
 * holds it, and the kernel drops it when the process ends, however it ends. Undefined when another process has it.
 */
export function lockFile(path: string): Disposable | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const result: unknown = flock(fd, lockExclusive | lockNonBlocking);
    const errno = koffi.errno();
    if (result !== 0 && errno === wouldBlock) {
      closeSync(fd);
      return undefined;
    }
    if (result !== 0) throw new SystemError('flock', errno, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}
