import { closeSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';

/** One read: the most that a pipe holds unless somebody made it larger. */
const bufferBytes = 64 * 1024;

export interface ReaderEvents {
  /** The bytes are valid during the call only. False: no more until `resume()`. */
  data(bytes: Buffer): boolean;
  /** End of file, for a terminal also EIO: nobody has it open any more. */
  end(): void;
}

/**
 * Reads a pipe or the master of a terminal straight into one buffer, with nothing queued between the kernel and
 * `data`: so a pause is exact, and no error that follows can throw away what was read before.
 */
export class Reader {
  /** The terminal's is for writing as well. */
  readonly socket: Socket;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  readonly #events: ReaderEvents;
  #ended = false;

  /** Takes over the descriptor. */
  constructor(fd: number, kind: 'pipe' | 'terminal', events: ReaderEvents) {
    this.#fd = fd;
    this.#events = events;
    const onread = {
      buffer: this.#buffer,
      callback: (size: number, buffer: Uint8Array) =>
        this.#ended || events.data(Buffer.from(buffer.buffer, buffer.byteOffset, size)),
    };
    // tty.ReadStream hands unknown options on to net.Socket; its types do not say so.
    const options = { fd, onread, readable: true, writable: false, allowHalfOpen: true };
    this.socket = kind === 'pipe' ? new Socket(options) : new ReadStream(fd, { onread, allowHalfOpen: true } as object);
    this.socket.on('error', () => this.#end());
    this.socket.on('end', () => this.#end());
    this.socket.on('close', () => this.#end());
  }

  resume(): void {
    if (!this.#ended) this.socket.resume();
  }

  /** Reads what is there now, without waiting; `empty` when that is nothing. For the time after the command's end. */
  drain(): 'empty' | 'ended' | 'paused' {
    for (;;) {
      let size: number;
      try {
        size = readSync(this.#fd, this.#buffer);
      } catch (error) {
        return error instanceof Error && 'code' in error && error.code === 'EAGAIN' ? 'empty' : 'ended';
      }
      if (size === 0) return 'ended';
      if (!this.#events.data(this.#buffer.subarray(0, size))) return 'paused';
    }
  }

  /** Closes the descriptor. Idempotent; `end` is not called any more. */
  close(): void {
    this.#ended = true;
    this.socket.destroy();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.end();
  }
}

/** Closes descriptors that nothing has taken over. */
export function closeAll(fds: Iterable<number>): void {
  for (const fd of fds) closeSync(fd);
}
