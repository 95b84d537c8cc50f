import { closeSync, openSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { openPidfd } from '../../native/process.ts';
import { codeOfErrno, Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Cgroups } from './cgroups.ts';
import type { Run } from './run.ts';

/** Where a relay listens or connects. */
export interface Endpoint {
  readonly type: 'tcp' | 'udp' | 'unix';
  /** An IP address, an absolute path, or `@NAME` in the abstract namespace. */
  readonly address: string;
  /** 0 for unix. */
  readonly port: number;
}

export type RelaySide = 'host' | 'instance';

export interface RelayRequest {
  /** The relay's own, relative to the mount of the hierarchy; it ends when that is removed. */
  readonly cgroup: string;
  /** The side that listens; the other connects. */
  readonly bind: RelaySide;
  readonly pairs: readonly { readonly listen: Endpoint; readonly connect: Endpoint }[];
  readonly proxyProtocol: boolean;
  /** Who it runs as once it listens; ids of the host, also below. */
  readonly user: { readonly uid: number; readonly gid: number };
  readonly socket: { readonly uid: number; readonly gid: number; readonly mode: number };
}

export interface RelayRemains {
  readonly bind: RelaySide;
  /** Paths of unix sockets. */
  readonly sockets: readonly string[];
  /** Undefined when the instance has ended. */
  readonly pid: number | undefined;
  readonly uid: number;
  readonly gid: number;
}

/** Processes that relay between the host and an instance; they outlive the server, and end with the instance. */
export interface Relays {
  /** Resolves when it listens. `pid` is the instance's init. Faults of listening: `in-use`, `forbidden`, `not-found`, …. */
  start(task: Task, pid: number, request: RelayRequest): Promise<void>;
  isRunning(cgroup: string): Promise<boolean>;
  /** Ends it and removes its sockets. Idempotent. */
  stop(cgroup: string, remains: RelayRemains): Promise<void>;
}

export interface RelaysOptions {
  readonly run: Run;
  readonly cgroups: Pick<Cgroups, 'create' | 'remove' | 'isPopulated' | 'unifiedPath'>;
  /** The helper, `dist/host/relay`. */
  readonly program: string;
}

/** Looking for a path inside may take for ever (FUSE). */
const timeoutMs = 30_000;
const maxErrorBytes = 8192;

/** Relays through a helper, server/host/relay. */
export class ProcessRelays implements Relays {
  readonly #options: RelaysOptions;

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  async start(task: Task, pid: number, request: RelayRequest): Promise<void> {
    const { cgroups } = this.#options;
    await cgroups.create(request.cgroup);
    using held = new DisposableStack();
    const hold = (fd: number) => held.adopt(fd, closeSync);
    const init = hold(openInit(pid));
    const inside = namespacesOf(String(pid)).map(hold);
    const outside = namespacesOf('self').map(hold);
    const procs = hold(openSync(`${cgroups.unifiedPath(request.cgroup)}/cgroup.procs`, 'w'));
    const sides = request.bind === 'host' ? [...outside, ...inside] : [...inside, ...outside];
    const words = request.pairs.flatMap(({ listen, connect }) => [...wordsOf(listen), ...wordsOf(connect)]);
    const { user, socket } = request;
    const options = [
      ...[request.proxyProtocol, request.bind === 'instance'].map((on) => (on ? '1' : '0')),
      ...[user.uid, user.gid, socket.uid, socket.gid].map(String),
      socket.mode.toString(8),
    ];
    await this.#help(task.signal, ['run', ...options, ...words], [...sides, init, procs]);
  }

  async isRunning(cgroup: string): Promise<boolean> {
    return (await this.#options.cgroups.isPopulated(cgroup)) === true;
  }

  async stop(cgroup: string, { bind, sockets, pid, uid, gid }: RelayRemains): Promise<void> {
    await this.#options.cgroups.remove(cgroup);
    if (bind === 'instance' && pid === undefined) return; // what there was is in the instance's root
    for (const socket of sockets.filter((path) => path.startsWith('/'))) {
      using held = new DisposableStack();
      const fds = namespacesOf(bind === 'host' ? 'self' : String(pid)).map((fd) => held.adopt(fd, closeSync));
      const inside = bind === 'instance' ? '1' : '0';
      await this.#help(undefined, ['unlink', socket, inside, String(uid), String(gid)], fds);
    }
  }

  async #help(signal: AbortSignal | undefined, args: readonly string[], fds: readonly number[]): Promise<void> {
    const { run, program } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    const ending = signal === undefined ? late : AbortSignal.any([late, signal]);
    const { exitCode, stderr } = await run([program, ...args], { fds, signal: ending });
    if (exitCode === 0) return;
    const match = /^(E[A-Z0-9]+): (.*)$/m.exec(stderr.slice(0, maxErrorBytes));
    if (match === null) throw new Fault('internal', `The relay failed: ${stderr.trim().slice(0, 200)}`);
    const [, errno = '', what = ''] = match;
    const text = [...getSystemErrorMap().values()].find(([name]) => name === errno)?.[1] ?? errno;
    throw new Fault(errno === 'EADDRINUSE' ? 'in-use' : codeOfErrno(errno), `${what}: ${text}`);
  }
}

function wordsOf({ type, address, port }: Endpoint): string[] {
  return [type, address, String(port)];
}

/** Network and mount namespace. */
function namespacesOf(pid: string): number[] {
  const network = openSync(`/proc/${pid}/ns/net`, 'r');
  try {
    return [network, openSync(`/proc/${pid}/ns/mnt`, 'r')];
  } catch (error) {
    closeSync(network);
    throw error;
  }
}

function openInit(pid: number): number {
  try {
    return openPidfd(pid);
  } catch (error) {
    throw new Fault('wrong-state', 'The instance is not running', { cause: error });
  }
}
