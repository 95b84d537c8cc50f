import type { ExecFrame, ExecSession } from '../agents/exec-session.ts';
import { Fault } from '../base/fault.ts';
import type { OfflineContainer } from '../instances/offline-files.ts';
import type { FileServiceDeps } from '../rpc/file-service.ts';
import type { Engines } from './engines.ts';
import { agentInstance, checkRunning, type InstanceParts } from './instances.ts';

/** Between two looks at an instance that is neither running nor stopped. */
const maxRounds = 100;

/** Work on the files of an instance: by its agent, or by one in a container on its root while it is stopped. */
export function filesWork({ agents }: Engines, parts: InstanceParts): FileServiceDeps['work'] {
  const { records, supervisor, expanded, offline, locks } = parts;
  return async (task, project, name, request) => {
    for (let round = 0; round < maxRounds; round++) {
      const instance = await records.get(project, name);
      if (supervisor.status(instance.uuid) === 'stopped') {
        const container = await offline.enter(instance);
        if (container !== undefined)
          return await workOffline(container, (id) => agents.files(task, { id, idleMs: 0 }, request));
      } else if (supervisor.status(instance.uuid) !== 'ending') {
        checkRunning(parts, instance);
        return await agents.files(task, agentInstance(instance, await expanded(instance)), request);
      }
      await Promise.race([
        Promise.all([locks.released(project, name), supervisor.ended(instance.uuid)]),
        aborted(task.signal),
      ]);
      task.signal.throwIfAborted();
    }
    throw new Fault('wrong-state', `Instance "${name}" changes its state again and again`);
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

async function workOffline(
  container: OfflineContainer,
  begin: (id: string) => Promise<ExecSession>,
): Promise<ExecSession> {
  try {
    return new OfflineSession(await begin(container.id), container);
  } catch (error) {
    container[Symbol.dispose]();
    throw container.signal.aborted ? container.signal.reason : error;
  }
}

/** A session that holds its container until it is closed. */
class OfflineSession implements ExecSession {
  readonly #session: ExecSession;
  readonly #container: OfflineContainer;
  readonly #onEnd = () => this.#session.close();

  constructor(session: ExecSession, container: OfflineContainer) {
    this.#session = session;
    this.#container = container;
    container.signal.addEventListener('abort', this.#onEnd, { once: true });
    if (container.signal.aborted) this.#onEnd();
  }

  get pid(): number {
    return this.#session.pid;
  }

  async *frames(): AsyncGenerator<ExecFrame, void> {
    try {
      yield* this.#session.frames();
    } catch (error) {
      throw this.#container.signal.aborted ? this.#container.signal.reason : error;
    }
  }

  writeStdin(data: Uint8Array): void {
    this.#session.writeStdin(data);
  }

  closeStdin(): void {
    this.#session.closeStdin();
  }

  resize(size: { columns: number; rows: number }): void {
    this.#session.resize(size);
  }

  signal(number: number): void {
    this.#session.signal(number);
  }

  grant(channel: 'stdout' | 'stderr', bytes: number): void {
    this.#session.grant(channel, bytes);
  }

  close(): void {
    this.#session.close();
    this.#container.signal.removeEventListener('abort', this.#onEnd);
    this.#container[Symbol.dispose]();
  }
}
