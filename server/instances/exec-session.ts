/** A command to run in an instance. */
export interface ExecCommand {
  /** Program and arguments; no shell in between. */
  readonly argv: readonly string[];
  /** On top of the defaults. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ids inside. */
  readonly user: number;
  readonly group: number;
  /** '' for the default: HOME, or `/`. */
  readonly cwd: string;
  /** With a terminal of this first size; without: three pipes. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

export type ExecFrame =
  | { readonly type: 'stdout' | 'stderr'; readonly data: Buffer }
  /** The agent takes so many more bytes of stdin. */
  | { readonly type: 'stdin-window'; readonly bytes: number }
  /** The last frame: follows the last byte of every stream. */
  | { readonly type: 'exit'; readonly code: number; readonly message: string };

/** A running command, through the agent. */
export interface ExecSession {
  /** As the instance sees it. */
  readonly pid: number;
  /** May be called once. Throws a Fault when the agent breaks off. */
  frames(): AsyncIterable<ExecFrame>;
  /** Within what `stdin-window` granted. */
  writeStdin(data: Uint8Array): void;
  closeStdin(): void;
  resize(size: { columns: number; rows: number }): void;
  signal(number: number): void;
  /** So many more bytes of the channel may come. */
  grant(channel: 'stdout' | 'stderr', bytes: number): void;
  /** Kills the command unless it has ended. Idempotent. */
  close(): void;
}
