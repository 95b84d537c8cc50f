import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { openPipe } from '../../native/pipe.ts';
import { Fault } from '../base/fault.ts';
import { failed, type Run } from '../host/run.ts';
import type { Bundle } from './bundle.ts';
import type { ExitReason } from './contract.ts';
import type { Engine } from './engine.ts';
import { runtimeFault } from './runtime-fault.ts';

/** The console log begins anew beyond this; a reader that follows it sees that. */
const maxConsoleLogBytes = 16 * 1024 * 1024;
/** conmon's answer is one line of JSON with at most 8 KiB of the runtime's words. */
const maxAnswerBytes = 64 * 1024;

export interface ConmonStart {
  readonly conmonPath: string;
  readonly engine: Engine;
  readonly engineStateDirectory: string;
  readonly bundle: Bundle;
  readonly consoleLogPath: string;
  /** A private directory with a short path: conmon makes a socket there for a moment (unix(7): 108 bytes). */
  readonly socketDirectory: string;
  /** Moves conmon, before it does anything, to where it and the runtime that it calls can be found and ended together. */
  readonly enterCgroup: (pid: number) => Promise<void>;
}

/**
 * Starts conmon, which leaves for a session of its own, calls the OCI runtime's `create`, and then holds the console until
 * init ends. Returns init's pid. Rejects with the runtime's own words as a Fault, or when `signal` aborts: conmon may
 * then still be at work, and deleting the container ends it.
 */
export async function startConmon(run: Run, start: ConmonStart, signal: AbortSignal): Promise<number> {
  const [sync, go] = [openPipe(), openPipe()];
  const answer = readAnswer(sync.readEnd, signal);
  answer.catch(() => {}); // a failure of conmon itself comes first
  let entered = Promise.resolve();
  try {
    const result = await run([start.conmonPath, ...conmonArguments(start)], {
      fds: [sync.writeEnd, go.readEnd],
      cwd: start.bundle.directory, // it leaves a file `oom` there when the kernel kills for lack of memory
      env: { _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4', TMPDIR: start.socketDirectory },
      onStart(pid) {
        entered = start.enterCgroup(pid).finally(() => writeSync(go.writeEnd, '\n'));
        entered.catch(() => {}); // awaited below
      },
    });
    if (result.exitCode !== 0) throw failed(result);
    await entered;
  } finally {
    await entered.catch(() => {}); // it still writes to the pipe
    for (const fd of [sync.writeEnd, go.readEnd, go.writeEnd]) closeSync(fd);
  }
  return parseAnswer(start.engine.name, await answer);
}

/** conmon(8). */
export function conmonArguments({ engine, engineStateDirectory, bundle, consoleLogPath }: ConmonStart): string[] {
  return [
    ...['--api-version', '1', '--cid', bundle.id, '--cuuid', bundle.id, '--name', bundle.id],
    ...['--runtime', engine.path],
    ...engine.globalArguments(engineStateDirectory).flatMap((word) => ['--runtime-arg', word]),
    ...['--bundle', bundle.directory, '--persist-dir', bundle.directory, '--full-attach'],
    ...['--container-pidfile', bundle.initPid, '--conmon-pidfile', bundle.conmonPid],
    ...['--log-path', `k8s-file:${consoleLogPath}`, '--log-size-max', String(maxConsoleLogBytes)],
    // A stop need not wait for the disk: the log of a console is no database.
    ...['--no-sync-log', '--log-level', 'error', '--terminal'],
  ];
}

/** How init ended, from conmon's exit file. The kernel kills an init that reboots with SIGHUP, one that halts with SIGINT (reboot(2)). */
export function parseExit(text: string): ExitReason {
  const status = Number(text.trim() || Number.NaN);
  if (status === 129) return { kind: 'rebooted' };
  if (status === 130) return { kind: 'powered-off' };
  if (Number.isInteger(status) && status >= 0 && status <= 255) return { kind: 'exited', status };
  return { kind: 'lost' };
}

export function parseAnswer(engine: string, text: string): number {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Fault('internal', `conmon ended without an answer${text === '' ? '' : `: ${text.slice(0, 200)}`}`);
  }
  const { data, message } = Object.assign({ data: -1, message: '' }, answer); // the shape is checked next
  if (typeof data === 'number' && Number.isInteger(data) && data > 0) return data;
  throw runtimeFault(engine, typeof message === 'string' ? message : '');
}

/** Reads up to the end of conmon's one line; the descriptor is closed at the end. */
function readAnswer(fd: number, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = new Socket({ fd, readable: true, writable: false });
  const chunks: Buffer[] = [];
  let size = 0;
  const onAbort = () => {
    reject(Fault.from(signal.reason));
    socket.destroy();
  };
  const finish = () => {
    signal.removeEventListener('abort', onAbort);
    resolve(Buffer.concat(chunks).toString('utf8'));
    socket.destroy();
  };
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    // conmon keeps the pipe open as long as it lives: the line break ends the answer.
    if (chunk.includes(10) || size > maxAnswerBytes) finish();
  });
  socket.once('close', finish);
  socket.once('error', reject);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}
