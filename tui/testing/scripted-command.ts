import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ExecRequest__Output } from '../../proto/gen/yurt/v1/ExecRequest.ts';
import type { ExecResponse } from '../../proto/gen/yurt/v1/ExecResponse.ts';
import type { ExecStart__Output } from '../../proto/gen/yurt/v1/ExecStart.ts';

const chunkBytes = 64 * 1024;

/** The server's side of one exec call as a test scripts it: keeps to the windows, and remembers what the client did. */
export class ScriptedCommand {
  readonly #call: ServerDuplexStream<ExecRequest__Output, ExecResponse>;
  readonly #credit = { stdout: 0, stderr: 0 };
  readonly #changed: (() => void)[] = [];
  readonly received: ExecRequest__Output[] = [];
  #stdin = Buffer.alloc(0);
  stdinGranted = 0;
  stdinClosed = false;
  canceled = false;
  start: ExecStart__Output | undefined;

  constructor(call: ServerDuplexStream<ExecRequest__Output, ExecResponse>) {
    this.#call = call;
    call.on('data', (request: ExecRequest__Output) => this.#receive(request));
    call.on('cancelled', () => {
      this.canceled = true;
      this.#wake();
    });
    call.on('error', () => {});
  }

  get stdin(): Buffer {
    return this.#stdin;
  }

  async started(): Promise<ExecStart__Output> {
    await this.until(() => this.start !== undefined);
    this.#call.write({ started: { pid: 42 } });
    return this.start as ExecStart__Output; // waited for above
  }

  grantStdin(bytes: number): void {
    this.stdinGranted += bytes;
    this.#call.write({ stdinWindow: bytes });
  }

  /** Writes within the windows; resolves when all is sent. */
  async write(channel: 'stdout' | 'stderr', data: Buffer | string): Promise<void> {
    let rest = Buffer.from(data);
    while (rest.length > 0 && !this.canceled) {
      await this.until(() => this.#credit[channel] > 0 || this.canceled);
      const size = Math.min(rest.length, this.#credit[channel], chunkBytes);
      this.#credit[channel] -= size;
      this.#call.write({ [channel]: rest.subarray(0, size) });
      rest = rest.subarray(size);
    }
  }

  /** Writes whatever the windows say. */
  flood(channel: 'stdout' | 'stderr', data: Buffer): void {
    this.#call.write({ [channel]: data });
  }

  exit(code: number, message = ''): void {
    this.#call.write({ exit: { code, message } });
    this.#call.end();
  }

  /** Ends the stream without an exit code. */
  vanish(): void {
    this.#call.end();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #receive(request: ExecRequest__Output): void {
    this.received.push(request);
    if (request.start) this.start = request.start;
    if (request.stdin) this.#stdin = Buffer.concat([this.#stdin, request.stdin]);
    if (request.closeStdin) this.stdinClosed = true;
    if (request.window) {
      const channel = request.window.channel === 'EXEC_CHANNEL_STDOUT' ? 'stdout' : 'stderr';
      this.#credit[channel] += request.window.bytes;
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }
}
