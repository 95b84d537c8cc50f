import { Fault } from '../base/fault.ts';
import { type Attributes, type Place, type PoolDirectory, placePath, type Space } from './pool-directory.ts';

/** An error like those of Node's `fs`. */
class ErrnoError extends Error {
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

/** A pool that is a list of names in memory. `effect` is called before each change and may throw in its place. */
export class PoolDirectoryInMemory implements PoolDirectory {
  /** By absolute path: attributes of directories, text of files. */
  readonly #entries = new Map<string, Attributes | string>();
  readonly #effect: (what: string) => void;
  readonly #root: string;

  constructor(root: string, effect: (what: string) => void = () => {}) {
    this.#root = root;
    this.#effect = effect;
    this.#entries.set(root, { mode: 0o711, uid: 0, gid: 0 });
  }

  /** Every path below the root, in order. */
  paths(): string[] {
    return [...this.#entries.keys()].sort();
  }

  path(place: Place): string {
    return placePath(this.#root, place);
  }

  async makeDirectory(place: Place, attributes: Attributes): Promise<void> {
    this.#effect(`make ${place.join('/')}`);
    const path = this.path(place);
    if (this.#entries.has(path)) throw new ErrnoError('EEXIST', path);
    if (typeof this.#entries.get(this.path(place.slice(0, -1))) !== 'object') throw new ErrnoError('ENOENT', path);
    this.#entries.set(path, attributes);
  }

  async setAttributes(place: Place, attributes: Attributes): Promise<void> {
    this.#effect(`set attributes of ${place.join('/')}`);
    this.#entries.set(this.path(place), attributes);
  }

  async attributes(place: Place): Promise<Attributes | undefined> {
    const found = this.#entries.get(this.path(place));
    return typeof found === 'object' ? found : undefined;
  }

  async list(place: Place): Promise<string[]> {
    const prefix = `${this.path(place)}/`;
    const names = this.paths().filter((path) => path.startsWith(prefix) && !path.includes('/', prefix.length));
    return names.map((path) => path.slice(prefix.length));
  }

  async move(from: Place, to: Place): Promise<void> {
    this.#effect(`move ${from.join('/')}`);
    const [source, target] = [this.path(from), this.path(to)];
    if (!this.#entries.has(source)) throw new ErrnoError('ENOENT', source);
    if ((await this.list(to)).length > 0) throw new ErrnoError('ENOTEMPTY', target);
    for (const [path, entry] of [...this.#entries]) {
      if (path !== source && !path.startsWith(`${source}/`)) continue;
      this.#entries.delete(path);
      this.#entries.set(target + path.slice(source.length), entry);
    }
  }

  async create(place: Place, text: string): Promise<void> {
    this.#effect(`create ${place.join('/')}`);
    const path = this.path(place);
    if (this.#entries.has(path)) throw new ErrnoError('EEXIST', path);
    this.#entries.set(path, text);
  }

  async write(place: Place, text: string): Promise<void> {
    this.#effect(`write ${place.join('/')}`);
    this.#entries.set(this.path(place), text);
  }

  async read(place: Place, maxBytes: number): Promise<string | undefined> {
    const found = this.#entries.get(this.path(place));
    if (typeof found !== 'string') return undefined;
    if (found.length > maxBytes) throw new Fault('internal', `${this.path(place)} is damaged`);
    return found;
  }

  async copyTree(from: Place, to: Place): Promise<void> {
    this.#effect(`copy ${from.join('/')}`);
    const [source, target] = [this.path(from), this.path(to)];
    for (const [path, entry] of [...this.#entries]) {
      if (path === source || path.startsWith(`${source}/`))
        this.#entries.set(target + path.slice(source.length), entry);
    }
  }

  async removeTree(place: Place): Promise<void> {
    this.#effect(`remove ${place.join('/')}`);
    const top = this.path(place);
    for (const path of this.paths()) if (path === top || path.startsWith(`${top}/`)) this.#entries.delete(path);
  }

  async sync(): Promise<void> {
    this.#effect('sync');
  }

  async syncAll(): Promise<void> {
    this.#effect('sync all');
  }

  async space(): Promise<Space> {
    return { usedBytes: 0, totalBytes: 2 ** 30, freeBytes: 2 ** 30, freeFiles: 2 ** 20 };
  }

  async diskUsage(places: readonly Place[]): Promise<number> {
    return places.length;
  }
}
