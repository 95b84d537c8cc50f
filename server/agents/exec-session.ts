import type { Kept, StartRequest } from '../../proto/agent/messages.ts';

/** A command to run in an instance: complete, apart from the agent's defaults (PATH, HOME, USER, LANG). */
export type ExecCommand = StartRequest;

export type ExecFrame =
  | { readonly type: 'stdout' | 'stderr'; readonly data: Buffer }
  /** The agent takes so many more bytes of stdin. */
  | { readonly type: 'stdin-window'; readonly bytes: number }
  /** The last frame: follows the last byte of every stream. `message` says why for 126 and 127, '' otherwise. */
  | { readonly type: 'exit'; readonly code: number; readonly message: string };

/** A running command, through the agent. */
export interface ExecSession {
  /** As the instance sees it. */
  readonly pid: number;
  /** Of one that outlives its connection: `close()` leaves it running. */
  readonly kept?: Kept | undefined;
  /** May be called once. Throws a Fault when the agent breaks off. */
  frames(): AsyncIterable<ExecFrame>;
  /** Within what `stdin-window` granted; Faults: `invalid` beyond. */
  writeStdin(data: Uint8Array): void;
  closeStdin(): void;
  resize(size: { columns: number; rows: number }): void;
  signal(number: number): void;
  /** So many more bytes of the channel may come. Faults: `invalid` for more than anybody may have outstanding. */
  grant(channel: 'stdout' | 'stderr', bytes: number): void;
  /** Kills the command unless it has ended. Idempotent. */
  close(): void;
}
