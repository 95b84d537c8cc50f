import type { Task } from '../base/task.ts';
import type { Store } from '../db/store.ts';
import { ImageStore, type ImageStoreOptions } from './image-store.ts';
import { StoredImageRecords } from './stored-image-records.ts';

/** The images of all projects. Each has records and names of its own; files with the same content are kept once. */
export class Images {
  readonly #store: Store;
  readonly #options: Omit<ImageStoreOptions, 'records' | 'heldByOthers'>;
  readonly #defaultProject: string;
  readonly #opened = new Map<string, ImageStore>();

  constructor(store: Store, defaultProject: string, options: Omit<ImageStoreOptions, 'records' | 'heldByOthers'>) {
    this.#store = store;
    this.#options = options;
    this.#defaultProject = defaultProject;
  }

  /** The images of a project that has images of its own. */
  of(project: string): ImageStore {
    const known = this.#opened.get(project);
    if (known !== undefined) return known;
    const isDefault = project === this.#defaultProject;
    const opened = new ImageStore({
      ...this.#options,
      records: new StoredImageRecords(this.#store, isDefault ? undefined : project),
      heldByOthers: async () => await this.#fingerprints(project),
    });
    this.#opened.set(project, opened);
    return opened;
  }

  /** Removes what a crash left of all projects: they share one directory. Call before all else. */
  async repair(task: Task): Promise<void> {
    await this.of(this.#defaultProject).repair(task);
  }

  /** The fingerprints of all images of all projects. */
  async fingerprints(): Promise<ReadonlySet<string>> {
    return await this.#fingerprints(undefined);
  }

  async #fingerprints(except: string | undefined): Promise<Set<string>> {
    const records = new StoredImageRecords(this.#store);
    const shared = except === this.#defaultProject ? [] : await records.list();
    const others = (await StoredImageRecords.ofProjects(this.#store)).filter(({ project }) => project !== except);
    return new Set([...shared, ...others].map(({ fingerprint }) => fingerprint));
  }
}
