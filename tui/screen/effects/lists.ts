import type { Listed } from '../state/action.ts';
import { keyOf } from '../state/instance-rows.ts';
import { type ScreenName, shownTable } from '../state/state.ts';
import { trustRows } from '../state/trust-rows.ts';
import type { Store } from '../store.ts';
import { InstanceList } from './instance-list.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';
import { OperationList } from './operation-list.ts';

/** Changes that come this close together are read together. */
const gatherMs = 30;

type Reader = (live: LiveConnection, project: string) => Promise<Listed>;

const readers: Readonly<Record<Exclude<ScreenName, 'instances' | 'operations' | 'events'>, Reader>> = {
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
  trust: async (live) => {
    const [{ clients }, { tokens }, { groups }] = await Promise.all([
      live.call('TrustService', 'ListTrustedClients', {}),
      live.call('TrustService', 'ListTrustTokens', {}),
      live.call('AuthService', 'ListGroups', {}),
    ]);
    return { trust: trustRows({ clients, tokens, groups }) };
  },
  server: async (live) => {
    const [{ server }, serverConfig] = await Promise.all([
      live.call('ServerService', 'GetServer', {}),
      // Not everybody may see it: what there is to see of the server is shown without it.
      live.call('ServerService', 'GetServerConfig', {}).then(
        ({ config }) => config,
        () => undefined,
      ),
    ]);
    return server === null ? {} : { server, serverConfig };
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

/** Reads what the present server has, all of it or what has changed, and tells the store. */
export class Lists {
  readonly #live: LiveConnection;
  readonly #store: Store;
  readonly #stale = new Set<keyof typeof readers>();
  readonly instances: InstanceList;
  readonly #operations: OperationList;
  #timer: NodeJS.Timeout | undefined;

  constructor(live: LiveConnection, store: Store) {
    this.#live = live;
    this.#store = store;
    this.instances = new InstanceList(live, store, '', () => store.state().project);
    this.#operations = new OperationList(live, store, () => store.state().project);
  }

  /** Everything, what is shown first. */
  async readAll(): Promise<void> {
    await this.readNames();
    const screens = Object.keys(readers) as (keyof typeof readers)[]; // its own keys
    await Promise.all([
      this.instances.readAll(),
      this.#operations.readAll(),
      ...screens.map((screen) => this.#read(screen)),
      this.#readRecipes(),
      this.#readTables(),
    ]);
  }

  /** As little as the first frame needs. */
  async readNames(): Promise<void> {
    await this.instances.read('records');
  }

  /** An object has changed, by its resource name: `instance/web`. Changes of the same moment are read once. */
  changed(source: string, project: string): void {
    const [kind = ''] = source.split('/');
    this.instances.changed(source, project);
    const shown = shownTable(this.#store.state());
    // Most other lists count who uses what: the one on the screen does so anew.
    if (kind === 'instance' && shown !== undefined && isRead(shown)) this.#stale.add(shown);
    else if (Object.hasOwn(screensOf, kind)) this.#stale.add(screensOf[kind] ?? 'images');
    if (this.#stale.size > 0) this.#timer ??= setTimeout(() => this.#readStale(), gatherMs);
  }

  /** What a screen shows, when it comes to be shown: no event tells of all that is in it. */
  readScreen(screen: ScreenName): void {
    if (screen === 'operations') void this.#operations.readAll();
    else if (isRead(screen)) void this.#read(screen);
  }

  /** How much of its limits a project uses. */
  async readUsage(project: string): Promise<void> {
    try {
      const { resources } = await this.#live.call('ProjectService', 'GetProjectUsage', { name: project });
      this.#store.dispatch({ type: 'listed', screen: 'projects', listed: { usage: { project, resources } } });
    } catch {
      // The rest of the project is shown without it.
    }
  }

  stop(): void {
    this.instances.stop();
    this.#operations.stop();
    clearTimeout(this.#timer);
  }

  #readStale(): void {
    this.#timer = undefined;
    const stale = [...this.#stale];
    this.#stale.clear();
    for (const screen of stale) void this.#read(screen);
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
      // Only the suggestions of forms become fewer.
    }
  }

  /** What forms know of keys and devices. */
  async #readTables(): Promise<void> {
    try {
      const [{ keys }, { types }] = await Promise.all([
        this.#live.call('ServerService', 'ListConfigKeys', { kind: 'instance' }),
        this.#live.call('ServerService', 'ListDeviceTypes', {}),
      ]);
      this.#store.dispatch({ type: 'tables-read', configKeys: keys, deviceTypes: types });
    } catch {
      // The server says what is wrong with a setting, too.
    }
  }
}
