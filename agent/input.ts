import { Socket } from 'node:net';
import { Credit } from '../proto/agent/credit.ts';

/** What may be on its way to the command and not yet taken by it. */
const windowBytes = 256 * 1024;

/** Standard input of a command: grants the sender as much as the command has taken. */
export class Input {
  readonly #credit = new Credit();
  readonly #socket: Socket;
  readonly #grant: (bytes: number) => void;
  #taken = windowBytes;
  #broken = false;

  /** Writes to `socket`, which it owns if it is a pipe. `grant` tells the sender. */
  constructor(socket: Socket, grant: (bytes: number) => void) {
    this.#socket = socket;
    this.#grant = grant;
    // A command that reads no more has not failed: the rest of its input goes nowhere.
    socket.on('error', () => (this.#broken = true));
  }

  /** The writing end of a pipe; takes over the descriptor. */
  static toPipe(fd: number, grant: (bytes: number) => void): Input {
    return new Input(new Socket({ fd, readable: false, writable: true }), grant);
  }

  /** The first grant. */
  open(): void {
    this.#grantTaken();
  }

  /** Throws a ProtocolError when it was not granted. */
  write(data: Buffer): void {
    this.#credit.use(data.length);
    if (this.#broken || !this.#socket.writable) this.#onTaken(data.length);
    else this.#socket.write(data, () => this.#onTaken(data.length));
  }

  /** Runs `action` after everything that came before it was written. */
  afterWrites(action: () => void): void {
    if (this.#broken || this.#socket.writableLength === 0) action();
    else this.#socket.write(Buffer.alloc(0), () => action());
  }

  /** End of file, after everything that came before it. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#broken = true;
    this.#socket.destroy();
  }

  #onTaken(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken >= windowBytes / 2) this.#grantTaken();
  }

  #grantTaken(): void {
    this.#credit.grant(this.#taken);
    this.#grant(this.#taken);
    this.#taken = 0;
  }
}
