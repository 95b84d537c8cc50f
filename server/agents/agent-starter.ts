import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { listenUnixSocket } from '../../native/unix-socket.ts';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import type { Runtime } from '../runtime/contract.ts';
import { usualOpenFiles } from '../runtime/rlimits.ts';
import { agentDirectory } from '../runtime/system-mounts.ts';
import type { AgentCgroups } from './agent-cgroups.ts';

/** Connections that wait until the agent has come up. */
const backlog = 511;
const listenFd = 3;
/** An instance that is killed is seen to have ended within this time. */
const endingMs = 1_000;
const lookMs = 50;

export interface AgentStarterDeps {
  readonly runtime: Pick<Runtime, 'exec' | 'cgroupOf' | 'state'>;
  readonly cgroups: AgentCgroups;
  /** Of the sockets; made when missing, private to root. */
  readonly directory: string;
}

/**
 * Starts agents. The listening socket is bound on the host and inherited: no path leads to it from inside, and it stays
 * reachable for the next server.
 */
export class AgentStarter implements Disposable {
  readonly #deps: AgentStarterDeps;
  /** The path of a socket is short whatever the directory's is: unix(7) allows 107 bytes. */
  #directoryFd: number | undefined;

  constructor(deps: AgentStarterDeps) {
    this.#deps = deps;
    mkdirSync(deps.directory, { recursive: true, mode: 0o700 });
    this.#directoryFd = openSync(deps.directory, 'r');
  }

  [Symbol.dispose](): void {
    if (this.#directoryFd !== undefined) closeSync(this.#directoryFd);
    this.#directoryFd = undefined; // its number will be another file's
  }

  socketPath(id: string): string {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new Fault('internal', `Invalid id of an instance: ${id}`);
    if (this.#directoryFd === undefined) throw new Fault('canceled', 'The server is stopping');
    return `/proc/self/fd/${this.#directoryFd}/${id}`;
  }

  /** The instances that have a socket, be there an agent or not. */
  known(): string[] {
    return readdirSync(this.#deps.directory);
  }

  /**
   * Kills what is left of an agent that does not answer, and starts one. It takes connections from now on. One that cannot be
   * started leaves nothing. Faults: those of `Runtime.exec`; `wrong-state` when its instance has ended meanwhile.
   */
  async start(task: Task, id: string, idleMs: number): Promise<void> {
    try {
      await this.#start(task, id, idleMs);
    } catch (error) {
      if (!(await this.#hasEnded(id, error))) throw error;
      throw new Fault('wrong-state', 'The instance has stopped', { cause: error });
    }
  }

  async #start(task: Task, id: string, idleMs: number): Promise<void> {
    await this.remove(id);
    await using revert = new Revert(task.log);
    revert.push('remove what was made for an agent', () => this.remove(id));
    using files = await this.#deps.cgroups.open(this.#deps.runtime.cgroupOf(id));
    const socket = listenUnixSocket(this.socketPath(id), backlog);
    const firstOwn = listenFd + 1 + files.commands.length;
    try {
      await this.#deps.runtime.exec(task, id, {
        argv: [
          `${agentDirectory}/launcher`,
          'agent',
          String(firstOwn),
          String(files.agent.length),
          // What the agent itself has does not tell: the runtime and Node, each in its turn, raise their own.
          `--open-files=${usualOpenFiles}`,
          `--cgroups=${files.commands.length}`,
          `--idle-ms=${idleMs}`,
        ],
        env: {},
        fds: [socket, ...files.commands, ...files.agent],
      });
    } finally {
      closeSync(socket);
    }
    revert.commit();
  }

  /** Whether that is why: the runtime then fails in words that are about anything, and before the end can be seen. */
  async #hasEnded(id: string, error: unknown): Promise<boolean> {
    if (!['internal', 'not-found'].includes(Fault.from(error).code)) return false;
    for (let waitedMs = 0; waitedMs <= endingMs; waitedMs += lookMs) {
      const state = await this.#deps.runtime.state(id);
      if (state === undefined || state.status === 'stopped') return true;
      await delay(lookMs);
    }
    return false;
  }

  /** Holds the agent still, if there is one. Fault `timed-out`. */
  async freeze(id: string): Promise<void> {
    await this.#deps.cgroups.freeze(this.#deps.runtime.cgroupOf(id));
  }

  async thaw(id: string): Promise<void> {
    await this.#deps.cgroups.thaw(this.#deps.runtime.cgroupOf(id));
  }

  /** Kills the agent and removes its socket and cgroup. Idempotent. */
  async remove(id: string): Promise<void> {
    await this.#deps.cgroups.remove(this.#deps.runtime.cgroupOf(id));
    // Last: by its socket the next server knows of it.
    rmSync(this.socketPath(id), { force: true });
  }
}
