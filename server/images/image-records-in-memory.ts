import type { ImageAlias, ImageRecord, ImageRecords } from './image-records.ts';

/** Records that last as long as the process, for tests. */
export class ImageRecordsInMemory implements ImageRecords {
  readonly #records = new Map<string, ImageRecord>();
  readonly #aliases = new Map<string, ImageAlias>();

  async get(fingerprint: string): Promise<ImageRecord | undefined> {
    return this.#records.get(fingerprint);
  }

  async list(): Promise<ImageRecord[]> {
    return [...this.#records.values()];
  }

  async put(record: ImageRecord, aliases: readonly ImageAlias[]): Promise<void> {
    this.#records.set(record.fingerprint, record);
    for (const alias of aliases) this.#aliases.set(alias.name, alias);
  }

  async touch(fingerprint: string, atMs: number): Promise<void> {
    const record = this.#records.get(fingerprint);
    if (record !== undefined) this.#records.set(fingerprint, { ...record, lastUsedAtMs: atMs });
  }

  async delete(fingerprint: string): Promise<void> {
    this.#records.delete(fingerprint);
    for (const alias of [...this.#aliases.values()])
      if (alias.fingerprint === fingerprint) this.#aliases.delete(alias.name);
  }

  async alias(name: string): Promise<ImageAlias | undefined> {
    return this.#aliases.get(name);
  }

  async aliases(): Promise<ImageAlias[]> {
    return [...this.#aliases.values()];
  }

  async setAlias(alias: ImageAlias): Promise<void> {
    this.#aliases.set(alias.name, alias);
  }

  async deleteAlias(name: string): Promise<void> {
    this.#aliases.delete(name);
  }
}
