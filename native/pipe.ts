import { checked, libc } from './libc.ts';
import { O_CLOEXEC } from './openat2.ts';

const pipe2 = libc.func('int pipe2(_Out_ int *fds, int flags)');

/** pipe2(2): both ends close-on-exec. The caller closes them. */
export function openPipe(): { readEnd: number; writeEnd: number } {
  const fds = new Int32Array(2);
  checked('pipe2', Number(pipe2(fds, O_CLOEXEC)));
  const [readEnd = -1, writeEnd = -1] = fds;
  return { readEnd, writeEnd };
}
