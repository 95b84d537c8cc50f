import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';

/**
 * What devices of running instances are made of, one directory for each: so that whoever removes a device knows what
 * there is, whatever the configuration says by then. Worth nothing after a boot of the host.
 */
export interface DeviceRuns {
  /** Instances that have any. */
  instances(): Promise<string[]>;
  /** Keys of the devices of one instance. */
  keys(instance: string): Promise<string[]>;
  read(instance: string, key: string): Promise<unknown>;
  /** Writes the record, whole or not at all, and makes the directory. */
  write(instance: string, key: string, record: unknown): Promise<void>;
  /** Where makers may keep files of this device. */
  directory(instance: string, key: string): string;
  /** Idempotent. */
  remove(instance: string, key: string): Promise<void>;
}

/** In `RUN/devices/INSTANCE/KEY/device.json`. */
export class DeviceRunDirectory implements DeviceRuns {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async instances(): Promise<string[]> {
    return (await namesIn(this.#root)).filter((name) => uuid.test(name));
  }

  async keys(instance: string): Promise<string[]> {
    return (await namesIn(this.#path(instance))).filter((name) => key.test(name));
  }

  async read(instance: string, of: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.directory(instance, of), recordName), 'utf8'));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined; // killed before it was whole
      throw error;
    }
  }

  async write(instance: string, of: string, record: unknown): Promise<void> {
    const directory = this.directory(instance, of);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const draft = join(directory, `${recordName}.draft`);
    await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
    await rename(draft, join(directory, recordName));
  }

  directory(instance: string, of: string): string {
    if (!key.test(of)) throw new Fault('internal', 'Not a key of a device');
    return join(this.#path(instance), of);
  }

  async remove(instance: string, of: string): Promise<void> {
    await rm(this.directory(instance, of), { recursive: true, force: true });
    await rmdir(this.#path(instance)).catch(() => {}); // once it was the last
  }

  #path(instance: string): string {
    if (!uuid.test(instance)) throw new Fault('internal', 'Not the id of an instance');
    return join(this.#root, instance);
  }
}

const recordName = 'device.json';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const key = /^[0-9a-f]{16}$/;

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
