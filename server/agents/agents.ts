import { encodeFilesRequest, type FilesRequest, parseFilesRequest } from '../../proto/agent/files-request.ts';
import { type ChannelName, encodeFrame, maxFrameToAgentBytes, ProtocolError } from '../../proto/agent/frame.ts';
import { parseProbed } from '../../proto/agent/messages.ts';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Task } from '../base/task.ts';
import { AgentConnection, AgentGone } from './agent-connection.ts';
import { AgentExecSession } from './agent-exec-session.ts';
import { AgentStarter, type AgentStarterDeps } from './agent-starter.ts';
import { encodeStart } from './encode-start.ts';
import type { ExecCommand, ExecSession } from './exec-session.ts';

export interface AgentsDeps extends AgentStarterDeps {
  readonly log: Log;
  /** Whether the agent of an instance may have commands that no connection shows. Default: none has. */
  readonly keepsSessions?: (id: string) => boolean;
}

/** A running instance, as agents know it. */
export interface AgentInstance {
  /** Its uuid. */
  readonly id: string;
  /** An agent without a session leaves after so long; 0: never. Holds for agents that are started from now on. */
  readonly idleMs: number;
}

/** How far the boot of an instance has come. */
export interface BootState {
  readonly ready: boolean;
  /** systemd's word for it; '' for an init that has none. */
  readonly initState: string;
}

interface AgentState {
  /** How often it was started by this server. */
  starts: number;
  /** Under way: whoever needs the same agent waits for the same start. */
  starting: Promise<void> | undefined;
  /** A connection that nothing has been asked on, so that the next command need not wait for one. */
  spare: AgentConnection | undefined;
  refilling: boolean;
  /** Those of this server's commands that run. */
  readonly sessions: Set<AgentConnection>;
  /** Since its last start it has answered this server. */
  proven: boolean;
  readonly keepsSessions: () => boolean;
}

/** An agent that does not answer within this time is killed and started again. */
const answerTimeoutMs = 10_000;
/**
 * The same for one that has answered before and that runs nothing for anybody: killing it costs only the start of
 * another, and root inside can stop it (SIGSTOP) at any time.
 */
const idleAnswerTimeoutMs = 3_000;
/** From `start` to the running command: longer only when the instance is frozen or out of memory. */
const startTimeoutMs = 30_000;
/** What an agent has for undoing what it was doing. */
const settleTimeoutMs = 1_000;
/** Leaving agents, removed cgroups: none of them happens twice in a row by chance. */
const maxAttempts = 3;

/**
 * The agents of all instances: started when first needed, found again after a restart of the server by their sockets.
 * Faults of all methods: those of `Runtime.exec` (`not-found`, `wrong-state`), `unavailable`, `timed-out`, `canceled`.
 */
export class Agents {
  readonly #log: Log;
  readonly #starter: AgentStarter;
  readonly #keepsSessions: (id: string) => boolean;
  readonly #states = new Map<string, AgentState>();
  /** Those that are held still: whoever needs one waits. */
  readonly #held = new Map<string, PromiseWithResolvers<void>>();
  readonly #closing = new AbortController();

  constructor(deps: AgentsDeps) {
    this.#log = deps.log;
    this.#starter = new AgentStarter(deps);
    this.#keepsSessions = deps.keepsSessions ?? (() => false);
  }

  /** Sees to it that the agent runs. */
  async warm(task: Task, instance: AgentInstance): Promise<void> {
    await this.#use(task, instance, startTimeoutMs, async (connection) => {
      await connection.answers(answerTimeoutMs);
      connection.terminate();
    });
  }

  /** Runs a command; resolves when it runs, or is known not to be executable. Faults also: `invalid`, `not-found` (cwd). */
  async exec(task: Task, instance: AgentInstance, command: ExecCommand): Promise<ExecSession> {
    return await this.begin(task, instance, command, encodeStart(command));
  }

  /**
   * Begins work on files; resolves when the agent is at it. Records come and go as stdout and stdin. Faults also: `invalid`,
   * `unsupported` for an agent of an older server.
   */
  async files(task: Task, instance: AgentInstance, request: FilesRequest): Promise<ExecSession> {
    return await this.begin(task, instance, filesCommand, encodeFiles(request));
  }

  /** Begins what the frame `start` asks for; `command` stands for it in messages. Faults also: those of `startFault`. */
  async begin(task: Task, instance: AgentInstance, command: ExecCommand, start: Buffer): Promise<AgentExecSession> {
    return await this.#use(task, instance, startTimeoutMs, async (connection) => {
      const state = this.#stateOf(instance.id);
      state.sessions.add(connection);
      return await AgentExecSession.start(connection, command, start, () => state.sessions.delete(connection));
    });
  }

  /** How far the boot has come; waits, as long as the task does, while systemd is starting. */
  async probe(task: Task, instance: AgentInstance): Promise<BootState> {
    const { init } = await this.ask(task, instance, encodeFrame('probe', Buffer.alloc(0)), 'probed', parseProbed);
    return { ready: ['none', 'running', 'degraded'].includes(init), initState: init === 'none' ? '' : init };
  }

  /** One frame for one frame, as long as the task waits. */
  async ask<T>(
    task: Task,
    instance: AgentInstance,
    question: Buffer,
    answer: ChannelName,
    parse: (data: Buffer) => T,
  ): Promise<T> {
    const use = (connection: AgentConnection) => answerOf(connection, question, answer, parse);
    return await this.#use(task, instance, undefined, use);
  }

  /**
   * Resolves when the agent has taken notice of what this server closed before: it answers on a connection that is newer.
   * It need not: after `settleTimeoutMs` this resolves too.
   */
  async settled(id: string): Promise<void> {
    const timeout = AbortSignal.timeout(settleTimeoutMs);
    try {
      const connection = await this.#open(id, settleTimeoutMs, timeout);
      await abortable(connection.answers(settleTimeoutMs), timeout).finally(() => connection.terminate());
    } catch (error) {
      this.#log.debug({ err: error, instance: id }, 'an agent that is to end does not answer');
    }
  }

  /**
   * Holds the agent still: it has a cgroup of its own, and root inside may have taken it over. Until `thaw` none is
   * started, and whoever needs it waits. Fault `timed-out`.
   */
  async freeze(id: string): Promise<void> {
    if (!this.#held.has(id)) this.#held.set(id, Promise.withResolvers<void>());
    await this.#states.get(id)?.starting?.catch(() => {});
    await this.#starter.freeze(id);
  }

  /** Idempotent. Fault `timed-out`: who waits goes on, and replaces an agent that stays still. */
  async thaw(id: string): Promise<void> {
    try {
      await this.#starter.thaw(id);
    } finally {
      this.#held.get(id)?.resolve();
      this.#held.delete(id);
    }
  }

  /** The instance has stopped: kills the agent if it still lives, removes its socket and cgroup. Idempotent. */
  async forget(id: string): Promise<void> {
    const state = this.#states.get(id);
    this.#states.delete(id);
    await state?.starting?.catch(() => {});
    state?.spare?.terminate();
    await this.#starter.remove(id);
  }

  /** The same for all instances but those that `runs` names: an earlier server may have been killed before it did so. */
  async forgetOthers(runs: (id: string) => boolean): Promise<void> {
    for (const id of this.#starter.known()) if (!runs(id)) await this.forget(id);
  }

  /** Ends this server's part; agents stay. */
  close(): void {
    this.#closing.abort(new Fault('canceled', 'The server is stopping'));
    for (const { spare } of this.#states.values()) spare?.terminate();
    this.#states.clear();
    this.#starter[Symbol.dispose]();
  }

  #stateOf(id: string): AgentState {
    const known = this.#states.get(id);
    if (known !== undefined) return known;
    const state: AgentState = {
      ...{ starts: 0, starting: undefined, spare: undefined, refilling: false },
      ...{ sessions: new Set<AgentConnection>(), proven: false, keepsSessions: () => this.#keepsSessions(id) },
    };
    this.#states.set(id, state);
    return state;
  }

  /** Hands a connection to `use`; again with a new agent if its own had left, or is silent. */
  async #use<T>(
    task: Task,
    instance: AgentInstance,
    timeoutMs: number | undefined,
    use: (connection: AgentConnection) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { starts } = this.#stateOf(instance.id);
      const connection = await this.#connect(task, instance);
      try {
        const result = await within(this.#ask(instance.id, connection, use), timeoutMs, task.signal);
        this.#refill(instance.id);
        return result;
      } catch (error) {
        connection.terminate();
        await this.#restart(task, instance, starts, attempt, error);
      }
    }
  }

  async #connect(task: Task, instance: AgentInstance): Promise<AgentConnection> {
    task.signal.throwIfAborted();
    for (let attempt = 1; ; attempt++) {
      await this.#released(instance.id, task.signal);
      const state = this.#stateOf(instance.id);
      const { spare, starts } = state;
      state.spare = undefined;
      try {
        if (spare?.open) return spare;
        if (state.starting !== undefined) await abortable(state.starting, task.signal);
        const connection = await this.#open(instance.id, answerTimeoutOf(state), task.signal);
        state.proven = true;
        return connection;
      } catch (error) {
        await this.#restart(task, instance, starts, attempt, error);
      }
    }
  }

  /**
   * Starts the agent anew because of `error`, unless somebody has done so since the caller looked (`starts`): that one
   * may already be at work for others. Rethrows what a new agent does not help against.
   */
  async #restart(task: Task, instance: AgentInstance, starts: number, attempt: number, error: unknown): Promise<void> {
    if (!(error instanceof AgentGone)) throw error;
    // What is held still cannot answer, and none may be started: it is asked again.
    if (this.#held.has(instance.id)) return;
    const state = this.#stateOf(instance.id);
    if (attempt === maxAttempts)
      throw new Fault('unavailable', 'The agent of the instance does not start', { cause: error });
    if (state.starts !== starts && state.starting === undefined) return;
    if (state.starting === undefined) {
      this.#log.debug({ instance: instance.id, reason: error.message }, 'an agent is started');
      if (error.reason === 'silent') {
        // They belong to the agent that is killed now, and would only learn that it has gone.
        for (const session of [...state.sessions]) session.giveUp(replaced());
      }
      state.starting = this.#start(state, instance);
    }
    await abortable(state.starting, task.signal);
  }

  async #released(id: string, signal: AbortSignal): Promise<void> {
    for (let held = this.#held.get(id); held !== undefined; held = this.#held.get(id)) {
      await abortable(held.promise, signal);
    }
  }

  /** Outlives the caller that asked first: others may wait for it as well. */
  async #start(state: AgentState, { id, idleMs }: AgentInstance): Promise<void> {
    state.spare?.terminate();
    state.spare = undefined;
    state.proven = false;
    try {
      await this.#starter.start({ signal: this.#closing.signal, log: this.#log, report() {} }, id, idleMs);
    } finally {
      state.starts += 1;
      state.starting = undefined;
    }
  }

  /**
   * An agent takes what it is asked in order, and shows first that it is alive. As long as it does not, it has not taken
   * notice of the rest either, and never will: it is killed before another one is asked. However such a connection ends,
   * nothing was run.
   */
  async #ask<T>(id: string, connection: AgentConnection, use: (connection: AgentConnection) => Promise<T>): Promise<T> {
    const silence = connection.answers(answerTimeoutOf(this.#stateOf(id))).then(() => new Promise<never>(() => {}));
    silence.catch(() => {});
    try {
      return await Promise.race([use(connection), silence]);
    } catch (error) {
      if (connection.hasAnswered || error instanceof AgentGone || !(error instanceof Fault)) throw error;
      throw new AgentGone('absent', error);
    }
  }

  async #open(id: string, timeoutMs: number, signal: AbortSignal): Promise<AgentConnection> {
    const opening = AgentConnection.open(this.#starter.socketPath(id), timeoutMs);
    return await abortable(opening, signal).catch((error: unknown) => {
      opening.then((late) => late.terminate()).catch(() => {});
      throw error;
    });
  }

  #refill(id: string): void {
    const state = this.#stateOf(id);
    if (state.spare?.open || state.refilling || this.#closing.signal.aborted) return;
    state.refilling = true;
    AgentConnection.open(this.#starter.socketPath(id), answerTimeoutMs)
      .then((connection) => this.#keep(id, connection))
      .catch((error: unknown) => this.#log.debug({ instance: id, err: error }, 'the agent has gone'))
      .finally(() => (state.refilling = false));
  }

  #keep(id: string, connection: AgentConnection): void {
    const state = this.#states.get(id);
    if (state === undefined || state.spare?.open || this.#closing.signal.aborted) connection.terminate();
    else state.spare = connection;
  }
}

/** What stands for the work in messages of a session. */
const filesCommand: ExecCommand = { argv: ['yurt file'], environment: {}, user: 0, group: 0, cwd: '' };

/** Checks the request as the agent will. Faults: `invalid`. */
function encodeFiles(request: FilesRequest): Buffer {
  const start = encodeFilesRequest(request);
  if (start.length > maxFrameToAgentBytes) throw new Fault('invalid', 'Too many paths');
  try {
    parseFilesRequest(start.subarray(1));
  } catch (error) {
    if (error instanceof ProtocolError) throw new Fault('invalid', `Cannot work on files: ${error.message}`);
    throw error;
  }
  return start;
}

async function answerOf<T>(
  connection: AgentConnection,
  question: Buffer,
  answer: ChannelName,
  parse: (data: Buffer) => T,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  connection.listen({
    frame: ({ channel, data }) => {
      if (channel !== answer) throw new ProtocolError(`${channel} instead of ${answer}`);
      resolve(parse(data));
      connection.terminate();
    },
    closed: reject,
  });
  connection.send(question);
  return await promise;
}

async function within<T>(promise: Promise<T>, timeoutMs: number | undefined, signal: AbortSignal): Promise<T> {
  if (timeoutMs === undefined) return await abortable(promise, signal);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(notAnswering()), timeoutMs);
  try {
    return await abortable(Promise.race([promise, late.promise]), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects when the signal aborts, whatever the promise does. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  if (signal.aborted) throw Fault.from(signal.reason);
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(Fault.from(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function answerTimeoutOf({ proven, sessions, keepsSessions }: AgentState): number {
  return proven && !keepsSessions() && sessions.size === 0 ? idleAnswerTimeoutMs : answerTimeoutMs;
}

function replaced(): Fault {
  return new Fault('unavailable', 'The agent of the instance did not answer any more, and was replaced');
}

function notAnswering(): Fault {
  return new Fault('timed-out', 'The agent of the instance does not answer');
}
