import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Readable, type Writable } from 'node:stream';
import { Fault } from '../base/fault.ts';

export interface RunOptions {
  readonly signal?: AbortSignal;
  /**
   * Written to standard input, which is then closed. An iterable is read as fast as the program takes it; when it
   * throws, the program is killed and the result is that fault.
   */
  readonly input?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Descriptors of this process that become 3, 4, … in the program. */
  readonly fds?: readonly number[];
  /**
   * `discard` connects stdout and stderr to /dev/null: for a program that leaves a process behind, which would keep the
   * pipes of `collect` (the default) open. The result then has empty texts.
   */
  readonly output?: 'collect' | 'discard';
  /** Called with its pid once the program has begun to run. */
  readonly onStart?: (pid: number) => void;
  /** Beyond this the program is killed and the result is a fault. Default 1 MiB for each of stdout and stderr. */
  readonly maxOutputBytes?: number;
  /** Called for every line of stderr while the program runs, for progress. */
  readonly onErrorLine?: (line: string) => void;
}

/** What a program did; the same shape whether it succeeded or not. */
export interface RunResult {
  readonly argv: readonly string[];
  /** 0-255; 128+signal when killed. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Run = (argv: readonly string[], options?: RunOptions) => Promise<RunResult>;

const defaultMaxOutputBytes = 1024 * 1024;
/** The environment of every program: nothing of the daemon's own leaks in, and messages are in one language. */
export const baseEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
};

/**
 * Runs a program to its end, without a shell. Resolves for every exit code; rejects with a Fault when it could not be
 * started (`unsupported` for a missing program), printed too much (`exhausted`) or was canceled.
 */
export const run: Run = (argv, options = {}) => {
  const [program, ...args] = argv;
  if (program === undefined) throw new Fault('internal', 'run: empty argument vector');
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  if (options.signal?.aborted) {
    reject(Fault.from(options.signal.reason));
    return promise;
  }
  const output = options.output === 'discard' ? 'ignore' : 'pipe';
  const child = spawn(program, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', output, output, ...(options.fds ?? [])],
    env: { ...baseEnvironment, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const limit = options.maxOutputBytes ?? defaultMaxOutputBytes;
  let failure: Fault | undefined;
  const stop = (fault: Fault) => {
    failure ??= fault;
    child.kill('SIGKILL');
  };
  const onAbort = () => stop(Fault.from(options.signal?.reason));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const stdout = collect(child.stdout, limit, () => stop(new Fault('exhausted', `${program} printed too much`)));
  const stderr = collect(child.stderr, limit, () => stop(new Fault('exhausted', `${program} printed too much`)));
  if (options.onErrorLine !== undefined) eachLine(child.stderr, options.onErrorLine);
  child.stdin?.on('error', () => {}); // a program may end before it has read its input: its exit code tells
  if (isStream(options.input)) feed(options.input, child.stdin, (error) => stop(Fault.from(error)));
  else child.stdin?.end(options.input);
  child.once('error', (error) => {
    options.signal?.removeEventListener('abort', onAbort);
    const missing = 'code' in error && error.code === 'ENOENT';
    reject(missing ? new Fault('unsupported', `${program} is not installed`, { cause: error }) : Fault.from(error));
  });
  child.once('close', (code, signal) => {
    options.signal?.removeEventListener('abort', onAbort);
    if (failure !== undefined) reject(failure);
    else resolve({ argv, exitCode: code ?? 128 + signalNumber(signal), stdout: stdout(), stderr: stderr() });
  });
  return promise;
};

/** Runs a program that must succeed; the Fault carries the last lines that it printed to stderr. */
export async function runChecked(runner: Run, argv: readonly string[], options?: RunOptions): Promise<RunResult> {
  const result = await runner(argv, options);
  if (result.exitCode !== 0) throw failed(result);
  return result;
}

/** The fault for a program that ended with a status that it should not have. */
export function failed(result: RunResult): Fault {
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-3).join('; ');
  return new Fault('internal', `${result.argv[0]} failed with status ${result.exitCode}: ${said}`);
}

function isStream(input: RunOptions['input']): input is AsyncIterable<Uint8Array> {
  return typeof input === 'object' && Symbol.asyncIterator in input;
}

/** Pipes `input` into a program that may end before it has read everything. */
function feed(input: AsyncIterable<Uint8Array>, stdin: Writable | null, onFailure: (error: unknown) => void): void {
  if (stdin === null) return;
  const source = Readable.from(input, { objectMode: false });
  source.on('error', onFailure);
  stdin.on('close', () => source.destroy());
  source.pipe(stdin);
}

function collect(stream: Readable | null, limit: number, overflow: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function eachLine(stream: Readable | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split(/[\r\n]+/);
    rest = lines.pop()?.slice(-4096) ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
