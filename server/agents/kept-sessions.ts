import { randomBytes } from 'node:crypto';
import {
  encodeAttach,
  encodeSessions,
  type KeptState,
  maxKeptSessions,
  parseListed,
} from '../../proto/agent/sessions.ts';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Task } from '../base/task.ts';
import type { AgentInstance, Agents } from './agents.ts';
import { encodeKeptStart } from './encode-start.ts';
import { tooManySessions } from './exec-failure.ts';
import type { ExecCommand, ExecSession } from './exec-session.ts';
import type { SessionRecord, SessionRecords } from './session-records.ts';

/** What a list of all sessions waits for one instance. */
const listTimeoutMs = 3_000;
/** What is kept of a command for lists. */
const maxListedArguments = 16;
const maxListedCharacters = 200;

export interface KeptSessionsDeps {
  readonly log: Log;
  readonly agents: Pick<Agents, 'begin' | 'ask'>;
  readonly records: SessionRecords;
}

/** A session as its instance describes it; without `state` when that does not answer. */
export interface SessionView extends SessionRecord {
  readonly state?: Pick<KeptState, 'attached' | 'code'>;
}

/** How many bytes of each output the caller of `attach` has. */
export interface OutputPositions {
  readonly stdout: number;
  readonly stderr: number;
}

/**
 * Commands that outlive calls and servers: agents have them, `SessionRecords` says which. Faults of all methods with a task:
 * those of `Agents`, and `unsupported` for an agent of an older server.
 */
export class KeptSessions {
  readonly #deps: KeptSessionsDeps;
  /** Recorded, and not yet in their agents. */
  readonly #starting = new Set<string>();

  constructor(deps: KeptSessionsDeps) {
    this.#deps = deps;
  }

  find(id: string): SessionRecord | undefined {
    return this.#deps.records.find(id);
  }

  /** Whether an instance may have sessions. */
  has(instance: string): boolean {
    return this.#deps.records.list(instance).length > 0;
  }

  /** Starts one, attached to what is returned; a command that cannot be executed is none. Faults also: `exhausted`. */
  async start(
    task: Task,
    instance: AgentInstance,
    command: ExecCommand,
    { emptyStdin }: { readonly emptyStdin: boolean },
  ): Promise<{ readonly id: string; readonly session: ExecSession }> {
    const { records, agents } = this.#deps;
    await this.#makeRoom(task, instance);
    const id = this.#newId();
    this.#starting.add(id);
    try {
      // First the record: a session that nobody knows of could never be ended.
      await records.add({
        ...{ id, instance: instance.id, command: shortened(command.argv) },
        ...{ terminal: command.terminal !== undefined, createdAt: new Date().toISOString() },
      });
      const session = await agents.begin(task, instance, command, encodeKeptStart(id, command, emptyStdin));
      if (session.kept === undefined) await records.remove(id);
      return { id, session };
    } catch (error) {
      await this.#abandon(instance, id, error);
      throw error;
    } finally {
      this.#starting.delete(id);
    }
  }

  /** Takes up a session where its caller left it. Faults also: `not-found`. */
  async attach(task: Task, instance: AgentInstance, id: string, from: OutputPositions): Promise<ExecSession> {
    const request = encodeAttach({ session: id, stdoutFrom: from.stdout, stderrFrom: from.stderr });
    try {
      return await this.#deps.agents.begin(task, instance, attachedCommand, request);
    } catch (error) {
      if (Fault.from(error).code === 'not-found') await this.#deps.records.remove(id);
      throw error;
    }
  }

  /** Those of an instance, oldest first; without states when its agent does not answer soon. */
  async list(task: Task, instance: AgentInstance): Promise<SessionView[]> {
    const records = this.#deps.records.list(instance.id);
    if (records.length === 0) return [];
    try {
      const signal = AbortSignal.any([task.signal, AbortSignal.timeout(listTimeoutMs)]);
      return await this.#look({ ...task, signal }, instance, records);
    } catch (error) {
      this.#deps.log.debug({ err: error, instance: instance.id }, 'an instance does not tell of its sessions');
      task.signal.throwIfAborted();
      return records;
    }
  }

  /** Kills what runs in it. Idempotent. */
  async end(task: Task, instance: AgentInstance, id: string): Promise<void> {
    await this.#deps.agents.ask(task, instance, encodeSessions({ end: id }), 'listed', parseListed);
    await this.#deps.records.remove(id);
  }

  /** The instance has stopped. */
  async forget(instance: string): Promise<void> {
    for (const { id } of this.#deps.records.list(instance)) await this.#deps.records.remove(id);
  }

  /** The same for all instances but those that `runs` names: an earlier server may have been killed before it did so. */
  async forgetOthers(runs: (instance: string) => boolean): Promise<void> {
    for (const { id, instance } of this.#deps.records.list()) if (!runs(instance)) await this.#deps.records.remove(id);
  }

  /** What the agent says of those that are recorded; others are no sessions, and what it does not have has ended. */
  async #look(task: Task, instance: AgentInstance, records: readonly SessionRecord[]): Promise<SessionView[]> {
    const { sessions } = await this.#deps.agents.ask(task, instance, encodeSessions(), 'listed', parseListed);
    const views: SessionView[] = [];
    for (const record of records) {
      const state = sessions.find(({ session }) => session === record.id);
      if (state !== undefined) views.push({ ...record, state });
      else if (!this.#starting.has(record.id)) await this.#deps.records.remove(record.id);
    }
    return views;
  }

  /** Takes the oldest that has ended when there are as many as there may be. Fault `exhausted`. */
  async #makeRoom(task: Task, instance: AgentInstance): Promise<void> {
    const records = this.#deps.records.list(instance.id);
    if (records.length < maxKeptSessions) return;
    const views = await this.#look(task, instance, records);
    if (views.length < maxKeptSessions) return;
    const ended = views.find(({ state }) => state?.code !== undefined);
    if (ended === undefined) throw tooManySessions();
    await this.end(task, instance, ended.id);
  }

  /** Nobody learns of a session whose start failed: it must not stay, if it is there. */
  async #abandon(instance: AgentInstance, id: string, failure: unknown): Promise<void> {
    const { records, agents, log } = this.#deps;
    if (records.find(id) === undefined) return;
    const reached = ['timed-out', 'canceled'].includes(Fault.from(failure).code);
    if (reached) {
      const task: Task = { signal: AbortSignal.timeout(listTimeoutMs), log, report() {} };
      const ended = agents.ask(task, instance, encodeSessions({ end: id }), 'listed', parseListed);
      // Its record stays with it when the agent cannot be asked: it can be seen and ended later.
      if (
        await ended.then(
          () => false,
          () => true,
        )
      )
        return;
    }
    await records.remove(id);
  }

  #newId(): string {
    for (;;) {
      const id = randomBytes(4).toString('hex');
      if (this.#deps.records.find(id) === undefined) return id;
    }
  }
}

/** What stands for the command in messages about a session that is taken up. */
const attachedCommand: ExecCommand = { argv: ['session'], environment: {}, user: 0, group: 0, cwd: '' };

function shortened(argv: readonly string[]): string[] {
  let rest = maxListedCharacters;
  const kept: string[] = [];
  for (const argument of argv.slice(0, maxListedArguments)) {
    if (rest <= 0) break;
    kept.push(argument.slice(0, rest));
    rest -= argument.length;
  }
  return kept;
}
