import { randomUUID } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Progress, Task } from '../base/task.ts';
import type { EventPayload } from '../events/event.ts';
import { hasEnded, type OperationResult, type OperationView } from './operation.ts';

/** Ended operations stay visible this long, so that a client that asks late still gets its answer. */
const keepEndedMs = 60_000;
const maxKeptEnded = 1000;
/** More work at once than this is refused: each operation may hold processes, mounts and memory. */
const maxRunning = 200;
/** Progress is announced at most this often per operation; the last report before the end is never lost. */
const progressIntervalMs = 100;

export interface OperationRequest {
  readonly kind: string;
  readonly description: string;
  readonly resources: readonly string[];
  readonly project?: string;
  /** Whether clients may cancel it. Default true. */
  readonly cancelable?: boolean;
}

interface Operation {
  view: OperationView;
  readonly abort: AbortController;
  readonly changed: Set<() => void>;
  announcedAt: number;
}

/** All long work of the server: started here, watched and canceled from any client. */
export class Operations {
  readonly #log: Log;
  readonly #publish: (payload: EventPayload, project?: string) => void;
  readonly #all = new Map<string, Operation>();
  readonly #running = new Set<Promise<void>>();

  constructor(deps: { log: Log; publish: (payload: EventPayload, project?: string) => void }) {
    this.#log = deps.log;
    this.#publish = deps.publish;
  }

  /** Begins `work` and returns at once. What it throws becomes the operation's fault. */
  start(request: OperationRequest, work: (task: Task) => Promise<OperationResult>): OperationView {
    if (this.#running.size >= maxRunning) {
      throw new Fault('exhausted', `The server is busy with ${maxRunning} operations: try again later`);
    }
    const now = new Date();
    const operation: Operation = {
      view: {
        id: randomUUID(),
        kind: request.kind,
        description: request.description,
        project: request.project ?? 'default',
        resources: request.resources,
        status: 'running',
        cancelable: request.cancelable ?? true,
        createdAt: now,
        updatedAt: now,
      },
      abort: new AbortController(),
      changed: new Set(),
      announcedAt: 0,
    };
    this.#all.set(operation.view.id, operation);
    this.#change(operation, {});
    const done = this.#execute(operation, work);
    this.#running.add(done);
    void done.finally(() => this.#running.delete(done));
    return operation.view;
  }

  list(): OperationView[] {
    return [...this.#all.values()].map(({ view }) => view);
  }

  get(id: string): OperationView {
    return this.#find(id).view;
  }

  /** Asks the operation to stop; it then ends as `canceled`, or otherwise when it was too late. */
  cancel(id: string): OperationView {
    const operation = this.#find(id);
    if (hasEnded(operation.view)) throw new Fault('wrong-state', `Operation ${id} has already ended`);
    if (!operation.view.cancelable) throw new Fault('wrong-state', `Operation ${id} cannot be canceled`);
    this.#change(operation, { status: 'canceling' });
    operation.abort.abort(new Fault('canceled', `${operation.view.description} was canceled`));
    return operation.view;
  }

  /** The operation now and after each change, the last time when it has ended. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<OperationView> {
    const operation = this.#find(id);
    let seen: OperationView | undefined;
    while (!signal.aborted) {
      const { view } = operation;
      if (view !== seen) {
        seen = view;
        yield view;
        if (hasEnded(view)) return;
        continue;
      }
      await nextChange(operation, signal);
    }
  }

  /** Cancels what can be canceled and waits until all have ended. */
  async drain(): Promise<void> {
    for (const { view, abort } of this.#all.values()) {
      if (!hasEnded(view)) abort.abort(new Fault('canceled', 'The server is shutting down'));
    }
    await Promise.all(this.#running);
  }

  async #execute(operation: Operation, work: (task: Task) => Promise<OperationResult>): Promise<void> {
    const { id, kind } = operation.view;
    const log = this.#log.child({ operation: id, kind });
    const task: Task = {
      signal: operation.abort.signal,
      log,
      report: (progress) => this.#report(operation, progress),
    };
    try {
      const result = await work(task);
      this.#change(operation, { status: 'succeeded', result });
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code === 'internal') log.error({ err: error }, 'the operation failed');
      else log.info({ code: fault.code, reason: fault.message }, 'the operation failed');
      const status = fault.code === 'canceled' ? 'canceled' : 'failed';
      this.#change(operation, { status, fault: { code: fault.code, message: fault.message } });
    }
    this.#forgetLater(id);
  }

  #report(operation: Operation, progress: Progress): void {
    if (hasEnded(operation.view)) return;
    const newStage = operation.view.progress?.stage !== progress.stage;
    operation.view = { ...operation.view, progress, updatedAt: new Date() };
    if (newStage || Date.now() - operation.announcedAt >= progressIntervalMs) this.#announce(operation);
  }

  #change(operation: Operation, change: Partial<OperationView>): void {
    operation.view = { ...operation.view, ...change, updatedAt: new Date() };
    this.#announce(operation);
  }

  #announce(operation: Operation): void {
    operation.announcedAt = Date.now();
    this.#publish({ type: 'operation', operation: operation.view }, operation.view.project);
    const changed = [...operation.changed];
    operation.changed.clear();
    for (const wake of changed) wake();
  }

  #forgetLater(id: string): void {
    setTimeout(() => this.#all.delete(id), keepEndedMs).unref();
    const ended = [...this.#all.values()].filter(({ view }) => hasEnded(view));
    for (const { view } of ended.slice(0, Math.max(0, ended.length - maxKeptEnded))) this.#all.delete(view.id);
  }

  #find(id: string): Operation {
    const operation = this.#all.get(id);
    if (operation === undefined) throw new Fault('not-found', `Operation "${id}" does not exist`);
    return operation;
  }
}

async function nextChange(operation: Operation, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const wake = () => {
      signal.removeEventListener('abort', wake);
      operation.changed.delete(wake);
      resolve();
    };
    operation.changed.add(wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
