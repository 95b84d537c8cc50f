import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { eventually } from '../../test/e2e/harness/eventually.ts';
import type { ExecFrame, ExecSession } from '../agents/exec-session.ts';
import { silentLog } from '../base/log.ts';
import { execService } from './exec-service.ts';
import { localIdentity } from './identity.ts';
import type { Call } from './router.ts';

const mebibyte = 1024 * 1024;
const relayWindowBytes = 128 * 1024;
const start = { instance: 'web', project: '', command: ['cat'], environment: {}, windowed: true };
const window = (channel: string, bytes: number) => ({ message: 'window', window: { channel, bytes } });

/** A command that says as much as it may, and a client that reads only when the test lets it. */
class Relay {
  readonly granted = { stdout: 0, stderr: 0 };
  readonly sent: Record<string, unknown>[] = [];
  readonly client: Duplex;
  readonly ended: Promise<unknown>;
  readonly #abort = new AbortController();
  #take: (() => void) | undefined;
  #wake: () => void = () => {};
  said = 0;

  constructor() {
    this.client = new Duplex({
      objectMode: true,
      writableHighWaterMark: 1,
      read() {},
      write: (message, _encoding, done) => {
        this.sent.push(message);
        this.#take = done;
      },
    });
    const session = {
      pid: 1,
      frames: () => this.#frames(),
      grant: (channel: 'stdout' | 'stderr', bytes: number) => {
        this.granted[channel] += bytes;
        this.#wake();
      },
      close: () => {},
    } as unknown as ExecSession; // nothing else of it is used
    const never = () => Promise.reject(new Error('not used'));
    const service = execService({ exec: async () => session, keep: never, booted: never });
    const call: Call = {
      ...{ identity: localIdentity('test'), log: silentLog, signal: this.#abort.signal },
      admitMessage() {},
    };
    this.ended = service
      .Exec(call, this.client as unknown as Parameters<typeof service.Exec>[1])
      .catch((error) => error);
    this.client.push({ message: 'start', start });
  }

  async *#frames(): AsyncGenerator<ExecFrame> {
    for (;;) {
      const bytes = this.granted.stdout - this.said;
      if (bytes > 0) {
        this.said += bytes;
        yield { type: 'stdout', data: Buffer.alloc(bytes) };
      } else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  request(request: object): void {
    this.client.push(request);
  }

  /** The client reads one message. */
  take(): void {
    this.#take?.();
  }

  get received(): number {
    return this.sent.reduce((sum, { stdout }) => sum + (Buffer.isBuffer(stdout) ? stdout.length : 0), 0);
  }

  close(): void {
    this.#abort.abort();
    this.client.destroy();
  }
}

describe('a command that is relayed', () => {
  it('costs a window of a client that grants much and reads nothing', async () => {
    const relay = new Relay();
    relay.request(window('EXEC_CHANNEL_STDOUT', 16 * mebibyte));
    relay.request(window('EXEC_CHANNEL_STDERR', 16 * mebibyte));
    await eventually(() => assert.equal(relay.granted.stderr, relayWindowBytes));
    assert.equal(relay.granted.stdout, relayWindowBytes);
    relay.close();
  });

  it('goes on as its client reads, as far as that has granted', async () => {
    const relay = new Relay();
    const wanted = mebibyte + 1;
    relay.request(window('EXEC_CHANNEL_STDOUT', wanted));
    await eventually(() => {
      relay.take();
      assert.equal(relay.received, wanted);
    });
    assert.equal(relay.granted.stdout, wanted);
    relay.close();
  });

  it('ends when its client grants more than anybody may', async () => {
    const relay = new Relay();
    relay.request(window('EXEC_CHANNEL_STDOUT', 16 * mebibyte));
    relay.request(window('EXEC_CHANNEL_STDOUT', relayWindowBytes + 1));
    const error = await relay.ended;
    assert.match(String(error), /At most 16777216 bytes may be granted/);
    relay.close();
  });
});
