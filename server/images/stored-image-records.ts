import { Collection } from '../db/collection.ts';
import type { Store } from '../db/store.ts';
import type { ImageAlias, ImageRecord, ImageRecords } from './image-records.ts';

/** Records and aliases of the images of one project, in the store of the server. */
export class StoredImageRecords implements ImageRecords {
  readonly #store: Store;
  readonly #images: Collection<ImageRecord>;
  readonly #aliases: Collection<ImageAlias>;

  /** Without `project`: those of the default one. */
  constructor(store: Store, project?: string) {
    this.#store = store;
    const prefix = (kind: string) => (project === undefined ? `${kind}/` : `project-${kind}/${project}/`);
    this.#images = new Collection(store, prefix('image'), parseImage);
    this.#aliases = new Collection(store, prefix('image-alias'), parseAlias);
  }

  /** Fingerprints of all images that projects but the default one have, with the names of these projects. */
  static async ofProjects(store: Store): Promise<{ readonly project: string; readonly fingerprint: string }[]> {
    const prefix = 'project-image/';
    return (await store.list(prefix)).map(({ key }) => {
      const [project = '', fingerprint = ''] = key.slice(prefix.length).split('/');
      return { project, fingerprint };
    });
  }

  async get(fingerprint: string): Promise<ImageRecord | undefined> {
    return (await this.#images.find(fingerprint))?.record;
  }

  async list(): Promise<readonly ImageRecord[]> {
    return (await this.#images.list()).map(({ record }) => record);
  }

  async put(record: ImageRecord, aliases: readonly ImageAlias[]): Promise<void> {
    await this.#store.commit({
      put: [
        { key: this.#images.key(record.fingerprint), value: record },
        ...aliases.map((alias) => ({ key: this.#aliases.key(alias.name), value: alias })),
      ],
    });
  }

  async touch(fingerprint: string, atMs: number): Promise<void> {
    await this.#images.update(fingerprint, (record) => ({ ...record, lastUsedAtMs: atMs }));
  }

  async delete(fingerprint: string): Promise<void> {
    const aliases = (await this.aliases()).filter((alias) => alias.fingerprint === fingerprint);
    await this.#images.remove(fingerprint, { remove: aliases.map(({ name }) => this.#aliases.key(name)) });
  }

  async alias(name: string): Promise<ImageAlias | undefined> {
    return (await this.#aliases.find(name))?.record;
  }

  async aliases(): Promise<readonly ImageAlias[]> {
    return (await this.#aliases.list()).map(({ record }) => record);
  }

  async setAlias(alias: ImageAlias): Promise<void> {
    await this.#store.commit({ put: [{ key: this.#aliases.key(alias.name), value: alias }] });
  }

  async deleteAlias(name: string): Promise<void> {
    await this.#aliases.remove(name);
  }
}

function parseImage(value: unknown): ImageRecord {
  const record = value as ImageRecord; // written by this file only; the field that everything hangs on is checked
  if (typeof record.fingerprint !== 'string') throw new TypeError('not an image');
  return record;
}

function parseAlias(value: unknown): ImageAlias {
  const alias = value as ImageAlias; // as above
  if (typeof alias.name !== 'string' || typeof alias.fingerprint !== 'string') throw new TypeError('not an alias');
  return alias;
}
