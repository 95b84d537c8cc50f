/** What is kept of an image beside its file. Times are milliseconds since 1970. */
export interface ImageRecord {
  /** sha256 of the file. */
  readonly fingerprint: string;
  readonly architecture: string;
  readonly sizeBytes: number;
  /** When it came into this store. */
  readonly createdAtMs: number;
  readonly lastUsedAtMs?: number;
  readonly properties: Readonly<Record<string, string>>;
  /** Image name of the recipe that it was built from: `debian/12`. */
  readonly recipe?: string;
}

export interface ImageAlias {
  readonly name: string;
  readonly fingerprint: string;
  readonly description: string;
}

/** Where records and aliases are kept. Each method is one atomic change. */
export interface ImageRecords {
  get(fingerprint: string): Promise<ImageRecord | undefined>;
  list(): Promise<readonly ImageRecord[]>;
  /** Writes the record and points the aliases at it, also those that pointed elsewhere. */
  put(record: ImageRecord, aliases: readonly ImageAlias[]): Promise<void>;
  /** Writes when it was last used. Nothing happens when it is gone. */
  touch(fingerprint: string, atMs: number): Promise<void>;
  /** Removes the record and every alias of it. Nothing happens when there is none. */
  delete(fingerprint: string): Promise<void>;
  alias(name: string): Promise<ImageAlias | undefined>;
  aliases(): Promise<readonly ImageAlias[]>;
  setAlias(alias: ImageAlias): Promise<void>;
  deleteAlias(name: string): Promise<void>;
}
