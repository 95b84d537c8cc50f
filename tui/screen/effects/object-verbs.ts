import { verbWords } from '../state/batches.ts';
import type { Creatable, Effect } from '../state/effect.ts';
import type { Store } from '../store.ts';
import type { Batches } from './batches.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';
import type { Servers } from './servers.ts';

type OfKind<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

const renaming = { doing: 'Renaming', done: 'Renamed' };

/** Does things with what is no instance. Never throws: results and failures go to the store. */
export class ObjectVerbs {
  readonly #live: LiveConnection;
  readonly #servers: Servers;
  readonly #store: Store;
  readonly #batches: Batches;

  constructor(servers: Servers, store: Store, batches: Batches) {
    this.#live = servers.present;
    this.#servers = servers;
    this.#store = store;
    this.#batches = batches;
  }

  async deleteImages(fingerprints: readonly string[]): Promise<void> {
    const { project } = this.#store.state();
    await this.#batches.run({ ...verbWords.delete, noun: 'images' }, fingerprints, async (image) => {
      await this.#live.call('ImageService', 'DeleteImage', { image, project });
      return { live: this.#live };
    });
  }

  async buildImage({ image, aliases }: OfKind<'build-image'>): Promise<void> {
    const { project } = this.#store.state();
    await this.#batches.run({ doing: 'Building', done: 'Built' }, [image], async () => {
      const request = { image, aliases: [...aliases], project };
      return { live: this.#live, ...(await this.#live.call('ImageService', 'BuildImage', request)) };
    });
  }

  /** Objects that need no more than a name to begin with; on the screen of trust it is a group. */
  async create(what: Creatable | 'trust', name: string): Promise<void> {
    const { project } = this.#store.state();
    await this.#batches.run({ doing: 'Creating', done: 'Created' }, [name], async () => {
      if (what === 'profiles') await this.#live.call('ProfileService', 'CreateProfile', { name, project });
      else if (what === 'trust') await this.#live.call('AuthService', 'CreateGroup', { name });
      else await this.#live.call('ProjectService', 'CreateProject', { name });
      return { live: this.#live };
    });
  }

  async rename({ what, from, to }: OfKind<'rename-object'>): Promise<void> {
    const { project } = this.#store.state();
    await this.#batches.run(renaming, [from], async () => {
      const names = { name: from, newName: to };
      if (what === 'profiles') await this.#live.call('ProfileService', 'RenameProfile', { ...names, project });
      else if (what === 'trust') await this.#live.call('AuthService', 'RenameGroup', names);
      else await this.#live.call('ProjectService', 'RenameProject', names);
      return { live: this.#live };
    });
  }

  async delete(what: Creatable, names: readonly string[]): Promise<void> {
    const { project } = this.#store.state();
    await this.#batches.run({ ...verbWords.delete, noun: what }, names, async (name) => {
      if (what === 'profiles') {
        await this.#live.call('ProfileService', 'DeleteProfile', { name, project });
        return { live: this.#live };
      }
      return { live: this.#live, ...(await this.#live.call('ProjectService', 'DeleteProject', { name })) };
    });
  }

  async cancelOperation({ id, remote }: OfKind<'cancel-operation'>): Promise<void> {
    try {
      const { operation } = await this.#servers.of(remote).call('OperationService', 'CancelOperation', { id });
      if (operation !== null) this.#store.dispatch({ type: 'operation', operation, remote });
    } catch (error) {
      this.#store.dispatch({ type: 'notice', kind: 'bad', text: reasonOf(error) });
    }
  }

  /** A token is told once, and never again. */
  async createToken({ name, restricted, projects, groups }: OfKind<'create-token'>): Promise<void> {
    try {
      const rights = { name, restricted, projects: [...projects], groups: [...groups] };
      const { token } = await this.#live.call('TrustService', 'CreateTrustToken', { rights });
      const lines = ['On the other computer, once, to be let in:', '', `yurt remote add NAME ${token}`];
      this.#store.dispatch({ type: 'report', title: `Token for ${name}`, lines, copied: token });
    } catch (error) {
      this.#store.dispatch({ type: 'notice', kind: 'bad', text: reasonOf(error) });
    }
  }

  /** Clients, tokens and groups, by the keys of their rows. */
  async deleteTrust(keys: readonly string[]): Promise<void> {
    const { trust } = this.#store.state().data;
    await this.#batches.run({ ...verbWords.delete, noun: 'of them' }, keys, async (key) => {
      const row = trust.get(key);
      if (row === undefined) return { live: this.#live };
      if ('token' in row) {
        await this.#live.call('TrustService', 'RevokeTrustToken', { name: row.token.rights?.name ?? '' });
      } else if ('group' in row) {
        await this.#live.call('AuthService', 'DeleteGroup', { name: row.group.name });
      } else {
        await this.#live.call('TrustService', 'RemoveTrustedClient', { client: row.client.fingerprint });
      }
      return { live: this.#live };
    });
  }
}
