import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import type { ListInstancesRequest } from '../../../proto/gen/yurt/v1/ListInstancesRequest.ts';
import { Failure } from '../../client/failure.ts';
import type { Listed } from '../state/action.ts';
import { keyOf } from '../state/instance-rows.ts';
import { type ScreenName, shownTable } from '../state/state.ts';
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

type Reader = (live: LiveConnection, project: string) => Promise<Listed>;

const readers: Readonly<Record<Exclude<ScreenName, 'instances' | 'events'>, Reader>> = {
  images: async (live, project) => {
    const { images } = await live.call('ImageService', 'ListImages', { project });
    return { images: new Map(images.map((image) => [image.fingerprint, image])) };
  },
  profiles: async (live, project) => {
    const { profiles } = await live.call('ProfileService', 'ListProfiles', { project });
    return { profiles: new Map(profiles.map((profile) => [keyOf(profile), profile])) };
  },
  networks: async (live, project) => {
    const { networks } = await live.call('NetworkService', 'ListNetworks', { project });
    return { networks: new Map(networks.map((network) => [keyOf(network), network])) };
  },
  storage: async (live) => {
    const { pools } = await live.call('StorageService', 'ListStoragePools', {});
    return { storage: new Map(pools.map((pool) => [pool.name, pool])) };
  },
  projects: async (live) => {
    const { projects } = await live.call('ProjectService', 'ListProjects', {});
    return { projects: new Map(projects.map((project) => [project.name, project])) };
  },
  operations: async (live, project) => {
    const { operations } = await live.call('OperationService', 'ListOperations', { project });
    return { operations: new Map(operations.map((operation) => [operation.id, operation])) };
  },
  server: async (live) => {
    const { server } = await live.call('ServerService', 'GetServer', {});
    return server === null ? {} : { server };
  },
};

function isRead(screen: ScreenName): screen is keyof typeof readers {
  return Object.hasOwn(readers, screen);
}

/** Which screen's list shows the objects that an event's source names: `image/2f0c` → images. */
const screensOf: Readonly<Record<string, keyof typeof readers>> = {
  image: 'images',
  profile: 'profiles',
  project: 'projects',
  network: 'networks',
  'storage-pool': 'storage',
  storage: 'storage',
};

/** Reads what the server has, all of it or what has changed, and tells the store. */
export class Lists {
  readonly #live: LiveConnection;
  readonly #store: Store;
  readonly #changed = new Set<string>();
  readonly #stale = new Set<keyof typeof readers>();
  #timer: NodeJS.Timeout | undefined;
  #polling = false;

  constructor(live: LiveConnection, store: Store) {
    this.#live = live;
    this.#store = store;
  }

  /** Everything, what is shown first. */
  async readAll(): Promise<void> {
    await this.readNames();
    const screens = Object.keys(readers) as (keyof typeof readers)[]; // its own keys
    await Promise.all([
      this.#readInstances('everything'),
      ...screens.map((screen) => this.#read(screen)),
      this.#readRecipes(),
    ]);
  }

  /** As little as the first frame needs. */
  async readNames(): Promise<void> {
    await this.#readInstances('records');
  }

  /** An object has changed, by its resource name: `instance/web`. Changes of the same moment are read once. */
  changed(source: string, project: string): void {
    const [kind = '', name = ''] = source.split('/');
    if (kind === 'instance') this.#instanceChanged(project, name);
    else if (Object.hasOwn(screensOf, kind)) this.#stale.add(screensOf[kind] ?? 'images');
    if (this.#changed.size + this.#stale.size > 0) this.#timer ??= setTimeout(() => this.#readChanged(), gatherMs);
  }

  #instanceChanged(project: string, name: string): void {
    const state = this.#store.state();
    // Most other lists count who uses what: the one on the screen does so anew.
    const shown = shownTable(state);
    if (shown !== undefined && isRead(shown)) this.#stale.add(shown);
    const key = keyOf({ project, name });
    if (state.allProjects || key === keyOf({ project: state.project, name })) this.#changed.add(key);
  }

  /** Figures of what runs. Resolves when they are there; a poll that is still under way is not doubled. */
  async poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      await this.#readInstances('figures');
    } finally {
      this.#polling = false;
    }
  }

  /** What a screen shows, when it comes to be shown: no event tells of all that is in it. */
  readScreen(screen: ScreenName): void {
    if (isRead(screen)) void this.#read(screen);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #readChanged(): void {
    this.#timer = undefined;
    const keys = [...this.#changed];
    const stale = [...this.#stale];
    this.#changed.clear();
    this.#stale.clear();
    for (const screen of stale) void this.#read(screen);
    if (keys.length > maxSingleReads) void this.#readInstances('everything');
    else for (const key of keys) void this.#readInstance(key);
  }

  async #readInstances(part: keyof typeof parts): Promise<void> {
    const { project, allProjects } = this.#store.state();
    try {
      const { instances } = await this.#live.call('InstanceService', 'ListInstances', {
        ...{ project, allProjects, ...parts[part] },
      });
      const withoutConfig = part !== 'everything';
      this.#store.dispatch({ type: 'instances-listed', instances, now: Date.now(), withoutConfig });
    } catch (error) {
      this.#store.dispatch({ type: 'list-failed', screen: 'instances', reason: reasonOf(error) });
    }
  }

  async #readInstance(key: string): Promise<void> {
    const [project = '', name = ''] = key.split('/');
    let instance: Instance__Output | undefined;
    try {
      instance = (await this.#live.call('InstanceService', 'GetInstance', { project, name })).instance ?? undefined;
    } catch (error) {
      if (!Failure.is(error, 'not-found')) return; // the next list tells
    }
    this.#store.dispatch({ type: 'instance-read', key, instance, now: Date.now() });
  }

  async #read(screen: keyof typeof readers): Promise<void> {
    try {
      const listed = await readers[screen](this.#live, this.#store.state().project);
      this.#store.dispatch({ type: 'listed', screen, listed });
    } catch (error) {
      this.#store.dispatch({ type: 'list-failed', screen, reason: reasonOf(error) });
    }
  }

  async #readRecipes(): Promise<void> {
    try {
      const { recipes } = await this.#live.call('ImageService', 'ListRecipes', {});
      this.#store.dispatch({ type: 'listed', screen: 'images', listed: { recipes } });
    } catch {
      // Only the wizard's suggestions become fewer.
    }
  }
}
