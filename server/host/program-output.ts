import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Fault } from '../base/fault.ts';
import { baseEnvironment, failed } from './run.ts';

/** What a program prints, as fast as it is read. See `programOutput`. */
export type ProgramOutput = (argv: readonly string[], signal: AbortSignal) => AsyncGenerator<Uint8Array, void, void>;

/** Of what a program says on stderr, the end is kept for the message. */
const maxErrorBytes = 16 * 1024;

/**
 * Runs a program without a shell and yields its stdout. Fault `internal` when it ends with another status than 0,
 * `unsupported` for a missing program. A reader that stops reading, or `signal`, kills it; when the generator has
 * returned, it has ended.
 */
export const programOutput: ProgramOutput = async function* programOutput(argv, signal) {
  const [program = '', ...args] = argv;
  signal.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: baseEnvironment });
  const closed = once(child, 'close') as Promise<[number | null]>; // its documented arguments
  closed.catch(() => {}); // looked at below; `error` comes before
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-maxErrorBytes);
  });
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer; // a stream without encoding yields bytes
    const [exitCode] = await closed;
    signal.throwIfAborted();
    if (exitCode !== 0) throw failed({ argv, exitCode: exitCode ?? 255, stdout: '', stderr });
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw missing ? new Fault('unsupported', `${program} is not installed`, { cause: error }) : error;
  } finally {
    signal.removeEventListener('abort', kill);
    kill();
    await closed.catch(() => {});
  }
};
