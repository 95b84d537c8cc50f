import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';

/** The settings below /proc/sys/net. They are those of the network namespace of the process that opens the file. */
export interface Sysctls {
  /** `path` like `ipv4/ip_forward`; undefined when the kernel has no such setting. */
  read(path: string): Promise<string | undefined>;
  /** Writes only a value that differs. Returns whether it did. Fault `unsupported` when there is no such setting. */
  write(path: string, value: string): Promise<boolean>;
  /** Names below a directory like `ipv6/conf`. */
  names(path: string): Promise<string[]>;
}

export class ProcSysctls implements Sysctls {
  async read(path: string): Promise<string | undefined> {
    try {
      return (await readFile(place(path), 'utf8')).trim();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(path: string, value: string): Promise<boolean> {
    const before = await this.read(path);
    if (before === value) return false;
    if (before === undefined) {
      throw new Fault('unsupported', `The kernel has no setting net/${path}: it lacks what the network needs`);
    }
    await writeFile(place(path), value);
    return true;
  }

  async names(path: string): Promise<string[]> {
    return await readdir(place(path));
  }
}

function place(path: string): string {
  // Links may have almost any name (`eth0.7`, `wl@1`): only what would lead elsewhere is refused.
  const safe = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  if (!safe) throw new Fault('invalid', `${JSON.stringify(path)} is not a kernel setting`);
  return join('/proc/sys/net', path);
}
