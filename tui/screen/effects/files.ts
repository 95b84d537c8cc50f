import type { FileEntry__Output } from '../../../proto/gen/yurt/v1/FileEntry.ts';
import type { Store } from '../store.ts';
import { linesOf } from './console-reader.ts';
import { recordsOf } from './file-records.ts';
import { reasonOf } from './live-connection.ts';
import type { Servers } from './servers.ts';

/** Of a larger directory or file only the beginning is shown. */
const maxEntries = 20_000;
const maxFileBytes = 1024 * 1024;

/** Looks into the files of instances, and removes some. Never throws: what goes wrong is told. */
export class Files {
  readonly #servers: Servers;
  readonly #store: Store;

  constructor(servers: Servers, store: Store) {
    this.#servers = servers;
    this.#store = store;
  }

  async list(key: string, path: string): Promise<void> {
    try {
      const entries = await this.#entries(key, path);
      this.#store.dispatch({ type: 'files-listed', key, path, entries });
    } catch (error) {
      this.#store.dispatch({ type: 'files-listed', key, path, entries: reasonOf(error) });
    }
  }

  async read(key: string, path: string): Promise<void> {
    try {
      const text = await this.#content(key, path);
      const isBinary = text.includes(0);
      const lines = isBinary ? ['It is no text.'] : linesOf(text.toString('utf8'));
      if (text.length >= maxFileBytes) lines.push('… only the beginning of the file is shown');
      this.#store.dispatch({ type: 'file-read', key, path, lines });
    } catch (error) {
      // A link may lead to a directory: then that is what was meant.
      const entries = await this.#entries(key, `${path}/.`).catch(() => undefined);
      if (entries !== undefined) this.#store.dispatch({ type: 'directory-opened', key, path, entries });
      else this.#store.dispatch({ type: 'notice', kind: 'bad', text: reasonOf(error) });
    }
  }

  async remove(key: string, path: string, name: string): Promise<void> {
    try {
      const paths = [Buffer.from(`${path === '/' ? '' : path}/${name}`)];
      const { live, ...place } = this.#placeOf(key);
      await live.call('FileService', 'DeleteFiles', { ...place, paths, recursive: true });
      this.#store.dispatch({ type: 'notice', kind: 'good', text: `Deleted ${name}` });
    } catch (error) {
      this.#store.dispatch({ type: 'notice', kind: 'bad', text: reasonOf(error) });
    }
    await this.list(key, path);
  }

  async #entries(key: string, path: string): Promise<FileEntry__Output[]> {
    const entries: FileEntry__Output[] = [];
    const { live, ...place } = this.#placeOf(key);
    const request = { ...place, path: Buffer.from(path) };
    for await (const part of live.present.watch('FileService', 'ListFiles', request)) {
      for (const entry of part.entries) entries.push(entry);
      if (entries.length >= maxEntries) break;
    }
    return entries;
  }

  async #content(key: string, path: string): Promise<Buffer> {
    const content = Buffer.alloc(maxFileBytes);
    let size = 0;
    const follow = 'FOLLOW_LINKS_ARGUMENTS' as const;
    const { live, ...place } = this.#placeOf(key);
    const request = { ...place, paths: [Buffer.from(path)], follow };
    const parts = live.present.watch('FileService', 'PullFiles', request);
    for await (const { offset, bytes } of recordsOf(parts)) {
      if (offset >= maxFileBytes) break;
      bytes.copy(content, offset);
      size = Math.min(maxFileBytes, Math.max(size, offset + bytes.length));
    }
    return content.subarray(0, size);
  }

  #placeOf(key: string) {
    const { live, project, name: instance } = this.#servers.placeOf(key);
    return { live, project, instance };
  }
}
