import type { Failure, FailureReason } from '../proto/agent/messages.ts';

/** The launcher's `enum step`, by its numbers from 1 on. */
const reasons: readonly FailureReason[] = ['cgroup', 'terminal', 'user', 'cwd', 'exec', 'interpreter', 'resources'];
const reportBytes = 8;
/** errno(3), asm-generic/errno-base.h. */
const ENOENT = 2;
const ENOTDIR = 20;
const notExecutable = 126;
const notFound = 127;

/** The launcher's `struct report`; undefined when it wrote none, which means that the command runs. */
export function parseLaunchReport(data: Buffer): Failure | undefined {
  if (data.length === 0) return undefined;
  if (data.length !== reportBytes) return { reason: 'resources', errno: 0 };
  const [step, errno] = [new Int32Array(data.buffer.slice(data.byteOffset, data.byteOffset + reportBytes))].flatMap(
    (words) => [words[0] ?? 0, words[1] ?? 0],
  );
  return { reason: reasons[(step ?? 0) - 1] ?? 'resources', errno: errno ?? 0 };
}

/** The exit code of a command that never ran, as shells have it; undefined when that is not the command's fault. */
export function exitCodeOf({ reason, errno }: Failure): number | undefined {
  if (reason === 'interpreter') return notExecutable;
  if (reason !== 'exec') return undefined;
  return errno === ENOENT || errno === ENOTDIR ? notFound : notExecutable;
}
