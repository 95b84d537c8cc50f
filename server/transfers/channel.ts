import type { Fault } from '../base/fault.ts';

/** What goes from one end of a transfer to the other. */
export type Frame =
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** All data was sent. */
  | { readonly type: 'last' }
  /** All data was received, and is kept. */
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly fault: Fault };

/** The connection of two ends. Whoever has one closes it. */
export interface Channel {
  /** Resolves when the other end takes more. Fault `unavailable` when it is lost. */
  send(frame: Frame): Promise<void>;
  /** The next frame; one call at a time. Fault `unavailable` when there will be none. */
  receive(): Promise<Frame>;
  /** Tells the other end why, as far as that is possible, and closes: what waits is rejected with the fault. */
  fail(fault: Fault): void;
  /** After all that was sent. */
  close(): void;
}
