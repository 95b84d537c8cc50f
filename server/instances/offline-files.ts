import { randomUUID } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { Revert } from '../base/revert.ts';
import { ownTask } from '../base/task.ts';
import type { Runtime } from '../runtime/contract.ts';
import type { OciSpec } from '../runtime/oci-spec.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { Instance } from './instance.ts';
import type { InstanceLocks } from './instance-locks.ts';

export interface OfflineFilesDeps {
  readonly log: Log;
  readonly pool: (name: string) => StorageDriver;
  readonly runtime: Pick<Runtime, 'create' | 'start' | 'delete'>;
  readonly locks: Pick<InstanceLocks, 'current'>;
  readonly isStopped: (uuid: string) => boolean;
  /** Of a container without a network whose init does nothing. `id` is the container's own. */
  readonly spec: (input: { id: string; instance: Instance; rootPath: string }) => OciSpec;
  readonly consoleLogPath: (uuid: string) => string;
  /** Resolves when the agent has noticed, or had its time to notice, that work was ended: it removes what is not whole. */
  readonly settleAgent: (id: string) => Promise<void>;
  /** Ends the agent of a container. */
  readonly forgetAgent: (id: string) => Promise<void>;
  /** How long a container waits for further work; default `idleMs`. */
  readonly idleMs?: number;
}

/** A person who works on files asks more than once. */
const idleMs = 10_000;

/** A container on the root of a stopped instance. Dispose when the work in it is done. */
export interface OfflineContainer extends Disposable {
  readonly id: string;
  /** Aborts with a `canceled` fault when a verb needs the instance. */
  readonly signal: AbortSignal;
}

interface Access {
  readonly id: string;
  readonly ready: Promise<void>;
  readonly ending: AbortController;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Containers on the roots of stopped instances, for agents that work on their files: confined as the instance itself
 * would be, and nothing of the instance runs in them. One per instance. Every verb on the instance ends it first: a root
 * is in one place at a time. No record knows of them, so that a server that was killed removes them when it comes back.
 */
export class OfflineFiles {
  readonly #deps: OfflineFilesDeps;
  readonly #open = new Map<string, Access>();
  readonly #endings = new Map<string, Promise<void>>();

  constructor(deps: OfflineFilesDeps) {
    this.#deps = deps;
  }

  /**
   * Enters the container of an instance, made if there is none. Undefined when the instance does not stand still: it
   * runs, or a verb is under way. Faults: those of mounting and creating.
   */
  async enter(instance: Instance): Promise<OfflineContainer | undefined> {
    const key = keyOf(instance);
    for (let ending = this.#endings.get(key); ending !== undefined; ending = this.#endings.get(key)) {
      await ending.catch(() => {});
    }
    // From here to the entry in the map nothing is awaited: a verb that begins later finds it.
    const { locks, isStopped } = this.#deps;
    if (locks.current(instance.project, instance.name) !== undefined || !isStopped(instance.uuid)) return undefined;
    const access = this.#open.get(key) ?? this.#begin(key, instance);
    clearTimeout(access.idle);
    access.users += 1;
    try {
      await access.ready;
    } catch (error) {
      this.#leave(key, access);
      throw Fault.during(`Cannot reach the files of instance "${instance.name}"`, error);
    }
    let left = false;
    return {
      id: access.id,
      signal: access.ending.signal,
      [Symbol.dispose]: () => {
        if (!left) this.#leave(key, access);
        left = true;
      },
    };
  }

  /** Ends the container of an instance, whatever is done in it. Resolves when its root is free. */
  async end(instance: Pick<Instance, 'project' | 'name'>): Promise<void> {
    const key = keyOf(instance);
    const access = this.#open.get(key);
    if (access === undefined) return await this.#endings.get(key);
    this.#open.delete(key);
    clearTimeout(access.idle);
    const ending = this.#remove(access, instance.name);
    this.#endings.set(key, ending);
    try {
      await ending;
    } finally {
      if (this.#endings.get(key) === ending) this.#endings.delete(key);
    }
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const all = [...this.#open.keys()].map((key) => {
      const slash = key.indexOf('/');
      return this.end({ project: key.slice(0, slash), name: key.slice(slash + 1) });
    });
    await Promise.allSettled(all);
  }

  #begin(key: string, instance: Instance): Access {
    const id = randomUUID();
    const ready = this.#create(id, instance);
    const access: Access = { id, ready, ending: new AbortController(), users: 0, idle: undefined };
    this.#open.set(key, access);
    ready.catch(() => {
      if (this.#open.get(key) === access) this.#open.delete(key);
    });
    return access;
  }

  async #create(id: string, instance: Instance): Promise<void> {
    const { log, runtime, spec, consoleLogPath } = this.#deps;
    const task = ownTask(log);
    const pool = this.#deps.pool(instance.pool);
    await using revert = new Revert(log);
    revert.push('unmount the root', () => pool.unmountInstance(instance.uuid));
    const root = await pool.mountInstance(task, instance.uuid, instance.idMap);
    revert.push('delete the container', () => runtime.delete(id));
    await runtime.create(task, {
      id,
      spec: spec({ id, instance, rootPath: root.path }),
      consoleLogPath: consoleLogPath(instance.uuid),
    });
    await runtime.start(task, id);
    // The container has its own copy of the mount: see InstanceStarter.
    await pool.unmountInstance(instance.uuid);
    revert.commit();
  }

  #leave(key: string, access: Access): void {
    access.users -= 1;
    if (access.users > 0 || this.#open.get(key) !== access) return;
    const slash = key.indexOf('/');
    const end = () => {
      this.end({ project: key.slice(0, slash), name: key.slice(slash + 1) }).catch((error: unknown) => {
        this.#deps.log.warn({ err: error, container: access.id }, 'a container for files could not be removed');
      });
    };
    access.idle = setTimeout(end, this.#deps.idleMs ?? idleMs);
    access.idle.unref();
  }

  async #remove(access: Access, name: string): Promise<void> {
    const busy = access.users > 0;
    access.ending.abort(new Fault('canceled', `The work on files was ended: instance "${name}" is needed otherwise`));
    await access.ready.catch(() => {});
    if (busy) await this.#deps.settleAgent(access.id);
    await this.#deps.forgetAgent(access.id);
    await this.#deps.runtime.delete(access.id);
  }
}

function keyOf({ project, name }: Pick<Instance, 'project' | 'name'>): string {
  return `${project}/${name}`;
}
