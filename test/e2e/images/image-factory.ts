import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../server/base/log.ts';
import type { Progress, Task } from '../../../server/base/task.ts';
import { run } from '../../../server/host/run.ts';
import { ImageRecordsInMemory } from '../../../server/images/image-records-in-memory.ts';
import { ImageStore } from '../../../server/images/image-store.ts';
import { Recipes } from '../../../server/images/recipes.ts';

/** The real store over the real programs, in a directory of its own. */
export class ImageFactory implements AsyncDisposable {
  readonly directory: string;
  readonly store: ImageStore;
  readonly recipes = new Recipes(join(import.meta.dirname, '../../../images'), silentLog);
  readonly #remove: () => Promise<void>;

  static async make(): Promise<ImageFactory> {
    const folder = await mkdtempDisposable(join(tmpdir(), 'yurt-images-e2e-'));
    return new ImageFactory(folder.path, () => folder.remove());
  }

  constructor(directory: string, remove: () => Promise<void>) {
    this.directory = directory;
    this.#remove = remove;
    const images = join(directory, 'images');
    const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    const records = new ImageRecordsInMemory();
    this.store = new ImageStore({ directory: images, records, run, architecture, usedBy: async () => [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove();
  }
}

export function makeTask(signal = new AbortController().signal): Task & { readonly progress: Progress[] } {
  const progress: Progress[] = [];
  return { signal, log: silentLog, progress, report: (each) => progress.push(each) };
}
