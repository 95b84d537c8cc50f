import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSessionId } from '../../proto/agent/sessions.ts';
import { Fault } from '../base/fault.ts';

export interface SessionRecord {
  readonly id: string;
  /** The uuid of its instance. */
  readonly instance: string;
  readonly command: readonly string[];
  readonly terminal: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

/**
 * Which instance has which session: a file each, so that the next server knows. Instances are not asked, since the root of one
 * could say that it has the session of another. Worth nothing after a boot of the host.
 */
export class SessionRecords {
  readonly #directory: string;
  readonly #records = new Map<string, SessionRecord>();

  /** `directory` is made when missing, private to root. Files that a server was killed over are left out. */
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      const record = isSessionId(name) ? read(join(directory, name)) : undefined;
      if (record?.id === name) this.#records.set(name, record);
    }
  }

  find(id: string): SessionRecord | undefined {
    return this.#records.get(id);
  }

  /** In the order of their making. */
  list(instance?: string): SessionRecord[] {
    const all = [...this.#records.values()].filter((record) => instance === undefined || record.instance === instance);
    return all.sort((one, other) => one.createdAt.localeCompare(other.createdAt));
  }

  /** On disk when it resolves. Fault `already-exists`. */
  async add(record: SessionRecord): Promise<void> {
    if (this.#records.has(record.id)) throw new Fault('already-exists', `Session "${record.id}" exists`);
    this.#records.set(record.id, record);
    try {
      const path = join(this.#directory, record.id);
      await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (error) {
      this.#records.delete(record.id);
      throw error;
    }
  }

  /** Idempotent. */
  async remove(id: string): Promise<void> {
    if (!this.#records.delete(id)) return;
    await rm(join(this.#directory, id), { force: true });
  }
}

function read(path: string): SessionRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SessionRecord; // written by `add` alone, whole or not at all
  } catch {
    return undefined;
  }
}
