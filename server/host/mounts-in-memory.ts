import { Fault } from '../base/fault.ts';
import type { FrozenMounts, MappedBind, Mounts, OverlayRequest, Unmounted } from './mounts.ts';

interface FakeMount {
  readonly directory: string;
  readonly what: string;
}

/** Mounts that exist in a list only. `effect` is called before each change and may throw in its place. */
export class MountsInMemory implements Mounts, FrozenMounts {
  readonly #effect: (what: string) => void;
  #mounts: FakeMount[] = [];

  constructor(effect: (what: string) => void = () => {}) {
    this.#effect = effect;
  }

  /** What is mounted, in the order of mounting: `overlay on /path`. */
  list(): string[] {
    return this.#mounts.map(({ directory, what }) => `${what} on ${directory}`);
  }

  async bindMapped(source: string, target: string, namespaceFd: number): Promise<MappedBind> {
    this.#effect('bind with other ids');
    const mount: FakeMount = { directory: target, what: `${source} through namespace ${namespaceFd}` };
    this.#mounts.push(mount);
    const detach = async () => {
      this.#effect('detach');
      this.#mounts = this.#mounts.filter((each) => each !== mount);
    };
    return { path: source, [Symbol.asyncDispose]: detach };
  }

  async overlay({ lower, upper, target }: OverlayRequest): Promise<void> {
    this.#effect('mount overlay');
    const what = `overlay of ${[upper?.diff ?? 'nothing', ...lower].join(' over ')}`;
    if (upper !== undefined && this.#mounts.some((mount) => mount.what.startsWith(`overlay of ${upper.diff} `))) {
      throw new Fault('in-use', `${upper.diff} belongs to another mount`);
    }
    this.#mounts.push({ directory: target, what });
  }

  async frozen(_label: string, source: string, target: string): Promise<void> {
    this.#effect('mount frozen');
    this.#mounts.push({ directory: target, what: `frozen ${source}` });
  }

  async unmount(directory: string): Promise<Unmounted> {
    this.#effect('unmount');
    const at = this.#mounts.findLastIndex((mount) => mount.directory === directory);
    if (at === -1) throw new Fault('invalid', `${directory} is not mounted`);
    this.#mounts.splice(at, 1);
    return { settled: Promise.resolve() };
  }

  async isMountPoint(directory: string): Promise<boolean> {
    return this.#mounts.some((mount) => mount.directory === directory);
  }

  async below(directory: string): Promise<string[]> {
    return this.#mounts
      .map((mount) => mount.directory)
      .filter((each) => each.startsWith(`${directory}/`))
      .reverse();
  }
}
