import { Credit } from '../../proto/agent/credit.ts';
import type { FilesRequest } from '../../proto/agent/files-request.ts';
import { maxDataBytes } from '../../proto/agent/frame.ts';
import { maxFaultLength, type Status } from '../../proto/agent/messages.ts';
import { TreeFault } from '../../proto/trees/tree-fault.ts';
import { InputQueue } from './input-queue.ts';
import type { MemoryRoom } from './memory-room.ts';
import { filesWork } from './work.ts';

export interface FileSessionEvents {
  /** False: the connection is full; `resume()` when it takes data again. */
  output(bytes: Buffer): boolean;
  stdinWindow(bytes: number): void;
  /** The last event. */
  ended(status: Status): void;
}

/** How long this goes on before others that wait for this process have their turn. */
const maxTurnMs = 5;

/** Work on files for one connection: takes input within its window, sends output within the peer's. */
export class FileSession {
  readonly #request: FilesRequest;
  readonly #room: MemoryRoom;
  readonly #events: FileSessionEvents;
  readonly #input: InputQueue;
  readonly #credit = new Credit();
  #congested = false;
  #turnBegan = performance.now();
  #closed = false;
  #wake: (() => void) | undefined;

  /** Closes `room` when the work has ended. */
  constructor(request: FilesRequest, room: MemoryRoom, events: FileSessionEvents) {
    this.#request = request;
    this.#room = room;
    this.#events = events;
    this.#input = new InputQueue((bytes) => events.stdinWindow(bytes));
  }

  start(): void {
    if (this.#request.work === 'push') this.#input.open();
    void this.#run();
  }

  /** Throws a ProtocolError, as does `grant`. */
  write(data: Buffer): void {
    this.#input.push(data);
  }

  endInput(): void {
    this.#input.end();
  }

  grant(bytes: number): void {
    this.#credit.grant(bytes);
    this.#wake?.();
  }

  resume(): void {
    this.#congested = false;
    this.#wake?.();
  }

  /** The peer is gone: what is not whole is undone. Idempotent; no event comes after it. */
  close(): void {
    this.#closed = true;
    this.#input.end();
    this.#room.close();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    try {
      for await (const chunk of filesWork(this.#request, this.#incoming(), this.#room)) await this.#send(chunk);
      if (!this.#closed) this.#events.ended({ code: 0 });
    } catch (error) {
      if (!this.#closed) this.#events.ended({ code: 1, fault: faultOf(error) });
    } finally {
      this.#room.close();
    }
  }

  /** Input that ends because the peer has gone is not whole. */
  async *#incoming(): AsyncGenerator<Buffer, void> {
    for await (const chunk of this.#input.chunks()) {
      if (this.#closed) break;
      yield chunk;
    }
    this.#checkOpen();
  }

  async #send(chunk: Buffer): Promise<void> {
    this.#checkOpen();
    for (let rest = chunk; rest.length > 0; ) {
      while (this.#congested || this.#credit.available === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#checkOpen();
      }
      const part = rest.subarray(0, Math.min(maxDataBytes, this.#credit.available));
      this.#credit.use(part.length);
      this.#congested = !this.#events.output(part);
      rest = rest.subarray(part.length);
    }
    if (performance.now() - this.#turnBegan < maxTurnMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnBegan = performance.now();
    this.#checkOpen();
  }

  #checkOpen(): void {
    if (this.#closed) throw new TreeFault('ECANCELED', 'The other end has gone');
  }
}

function faultOf(error: unknown): { code: string; message: string } {
  const known = TreeFault.from(error, 'file');
  const message = known instanceof Error ? known.message : String(known);
  return { code: known instanceof TreeFault ? known.code : 'EIO', message: cut(message) };
}

/** Without what cannot be sent, and short enough to be sent as JSON. */
function cut(message: string): string {
  return message.replaceAll('\0', '').slice(0, maxFaultLength);
}
