import { Fault } from '../base/fault.ts';
import type { Sysctls } from './sysctls.ts';

/** Kernel settings that exist in a map only. `effect` is called before each change and may throw in its place. */
export class SysctlsInMemory implements Sysctls {
  readonly values: Map<string, string>;
  readonly #effect: (what: string) => void;

  constructor(values: Readonly<Record<string, string>>, effect: (what: string) => void = () => {}) {
    this.values = new Map(Object.entries(values));
    this.#effect = effect;
  }

  async read(path: string): Promise<string | undefined> {
    return this.values.get(path);
  }

  async write(path: string, value: string): Promise<boolean> {
    const before = this.values.get(path);
    if (before === value) return false;
    if (before === undefined) throw new Fault('unsupported', `The kernel has no setting net/${path}`);
    this.#effect(`set ${path}`);
    this.values.set(path, value);
    return true;
  }

  async names(path: string): Promise<string[]> {
    const below = [...this.values.keys()].filter((key) => key.startsWith(`${path}/`));
    return [...new Set(below.map((key) => key.slice(path.length + 1).split('/')[0] ?? ''))];
  }
}
