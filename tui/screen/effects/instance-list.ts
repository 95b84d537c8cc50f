import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import type { ListInstancesRequest } from '../../../proto/gen/yurt/v1/ListInstancesRequest.ts';
import { Failure } from '../../client/failure.ts';
import { keyOf } from '../state/instance-rows.ts';
import type { Store } from '../store.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';

/** Changes that come this close together are read together. */
const gatherMs = 30;

/** More changed instances than this are read as one list. */
const maxSingleReads = 8;

/** What is read of instances: their records, what changes all the time, all but the disk usage. */
const parts = {
  records: { withoutState: true, withoutConfig: true },
  figures: {
    withoutConfig: true,
    stateParts: ['STATE_PART_RUN', 'STATE_PART_NETWORK', 'STATE_PART_RESOURCES'],
  },
  everything: {},
} satisfies Record<string, ListInstancesRequest>;

/** Reads the instances of one server, all of them or those that have changed, and tells the store. */
export class InstanceList {
  readonly #live: LiveConnection;
  readonly #store: Store;
  /** Empty: the present server. */
  readonly #remote: string;
  readonly #project: () => string;
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  #stopped = false;

  /** `project`: whose instances are shown while those of all projects are not. */
  constructor(live: LiveConnection, store: Store, remote: string, project: () => string) {
    this.#live = live;
    this.#store = store;
    this.#remote = remote;
    this.#project = project;
  }

  /** Resolves when they are there, or could not be read. */
  async read(part: keyof typeof parts): Promise<void> {
    const remote = this.#remote;
    const { allProjects } = this.#store.state();
    try {
      const { instances } = await this.#live.call('InstanceService', 'ListInstances', {
        ...{ project: this.#project(), allProjects, ...parts[part] },
      });
      const withoutConfig = part !== 'everything';
      if (this.#stopped) return;
      this.#store.dispatch({ type: 'instances-listed', instances, now: Date.now(), withoutConfig, remote });
    } catch (error) {
      // What another server cannot tell is said in its own line.
      if (remote === '') {
        this.#store.dispatch({ type: 'list-failed', screen: 'instances', reason: reasonOf(error) });
      }
    }
  }

  async readAll(): Promise<void> {
    await this.read('everything');
  }

  /** Figures of what runs. Resolves when they are there; a poll that is still under way is not doubled. */
  async poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      await this.read('figures');
    } finally {
      this.#polling = false;
    }
  }

  /** An object has changed, by its resource name: `instance/web`. Changes of the same moment are read once. */
  changed(source: string, project: string): void {
    const [kind = '', name = ''] = source.split('/');
    const { allProjects } = this.#store.state();
    const key = keyOf({ project, name });
    if (kind !== 'instance' || !(allProjects || key === keyOf({ project: this.#project(), name }))) return;
    this.#changed.add(key);
    this.#timer ??= setTimeout(() => this.#readChanged(), gatherMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #readChanged(): void {
    this.#timer = undefined;
    const keys = [...this.#changed];
    this.#changed.clear();
    if (keys.length > maxSingleReads) void this.read('everything');
    else for (const key of keys) void this.#readInstance(key);
  }

  async #readInstance(key: string): Promise<void> {
    const [project = '', name = ''] = key.split('/');
    let instance: Instance__Output | undefined;
    try {
      instance = (await this.#live.call('InstanceService', 'GetInstance', { project, name })).instance ?? undefined;
    } catch (error) {
      if (!Failure.is(error, 'not-found')) return; // the next list tells
    }
    if (this.#stopped) return;
    const now = Date.now();
    this.#store.dispatch({ type: 'instance-read', key: keyOf({ project, name }, this.#remote), instance, now });
  }
}
