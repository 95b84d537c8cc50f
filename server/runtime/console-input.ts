import { closeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { connectForSending, sendPacket } from '../../native/seqpacket.ts';
import { errnoOf, Fault } from '../base/fault.ts';
import type { Bundle } from './bundle.ts';

/** conmon reads packets into 32 KiB (CONN_SOCK_BUF_SIZE) and drops the rest of a longer one. */
const maxPacketBytes = 8 * 1024;
/** A connection that nobody types on is closed. */
const idleMs = 10_000;
/** So long a system that does not read its console may hold up whoever types. */
const fullTimeoutMs = 5_000;

interface Connection {
  readonly fd: number;
  readonly idle: NodeJS.Timeout;
}

/**
 * Typing on consoles. conmon sends all output to whoever is connected and blocks when that one does not read, so the
 * connections are shut for reading: its first send then fails and it stops trying (the log has the output). One
 * connection per console is kept while somebody types, because conmon notices a closed one only at its next output.
 */
export class ConsoleInput implements Disposable {
  readonly #connections = new Map<string, Connection>();
  /** The last write to each console: the next one waits for it, so that keys arrive in order. */
  readonly #last = new Map<string, Promise<void>>();

  /** Faults: `wrong-state` when nobody holds the console, `unavailable` when its input stays full. */
  async write(bundle: Bundle, data: Uint8Array): Promise<void> {
    const before = this.#last.get(bundle.id) ?? Promise.resolve();
    const write = before.catch(() => {}).then(() => this.#write(bundle, data));
    this.#last.set(bundle.id, write);
    try {
      await write;
    } finally {
      if (this.#last.get(bundle.id) === write) this.#last.delete(bundle.id);
    }
  }

  async #write(bundle: Bundle, data: Uint8Array): Promise<void> {
    for (let offset = 0; offset < data.length; offset += maxPacketBytes) {
      await this.#send(bundle, data.subarray(offset, offset + maxPacketBytes));
    }
  }

  close(id: string): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    clearTimeout(connection.idle);
    closeSync(connection.fd);
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#connections.keys()]) this.close(id);
  }

  async #send(bundle: Bundle, packet: Uint8Array): Promise<void> {
    const deadline = Date.now() + fullTimeoutMs;
    let reconnected = false;
    for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
      if (!this.#connections.has(bundle.id)) await this.#connect(bundle);
      try {
        // Looked up only now: nothing may close the descriptor between here and the call.
        const connection = this.#connections.get(bundle.id);
        if (connection === undefined) throw new Fault('wrong-state', 'The console was closed');
        connection.idle.refresh();
        sendPacket(connection.fd, packet);
        return;
      } catch (error) {
        const errno = errnoOf(error) ?? '';
        if (gone.has(errno) && !reconnected) {
          // Another conmon may hold the console of a restarted container.
          this.close(bundle.id);
          reconnected = true;
        } else if (errno !== 'EAGAIN') {
          this.close(bundle.id);
          throw Fault.from(error);
        } else if (Date.now() > deadline) {
          throw new Fault('unavailable', 'The system inside does not read its console');
        } else await delay(waitMs);
      }
    }
  }

  async #connect(bundle: Bundle): Promise<void> {
    // Through a descriptor of the directory, the path is short enough for unix(7) wherever the directory is.
    const directory = await open(bundle.directory, 'r').catch(() => undefined);
    try {
      if (directory === undefined) throw new Fault('not-found', `There is no container ${bundle.id}`);
      const fd = connectForSending(`/proc/self/fd/${directory.fd}/attach`);
      const connection = { fd, idle: setTimeout(() => this.close(bundle.id), idleMs).unref() };
      this.#connections.set(bundle.id, connection);
    } catch (error) {
      if (!gone.has(errnoOf(error) ?? '')) throw error;
      throw new Fault('wrong-state', 'The console is not open: the instance is not running', { cause: error });
    } finally {
      await directory?.close();
    }
  }
}

const gone: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ENOTCONN']);
