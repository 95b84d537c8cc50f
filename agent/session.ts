import type { WebSocket } from 'ws';
import {
  checkedData,
  decodeFrame,
  decodeWindow,
  encodeFrame,
  encodeWindow,
  type Frame,
  ProtocolError,
  protocolErrorCode,
} from '../proto/agent/frame.ts';
import {
  encodeMessage,
  type Failure,
  parseResize,
  parseSignal,
  parseStart,
  type StartRequest,
} from '../proto/agent/messages.ts';
import type { Children } from './children.ts';
import { Command } from './command.ts';
import type { Launcher } from './launcher.ts';
import { type Probe, probeInit } from './probe.ts';

/** A connection that holds more than this unsent makes the command wait. */
const maxBufferedBytes = 512 * 1024;
const normalClosure = 1000;

/** One connection: at most one command or one probe. */
export class Session {
  readonly #socket: WebSocket;
  readonly #children: Children;
  readonly #launcher: Launcher;
  #command: Command | undefined;
  #probe: Probe | undefined;
  #started = false;

  constructor(socket: WebSocket, children: Children, launcher: Launcher) {
    this.#socket = socket;
    this.#children = children;
    this.#launcher = launcher;
  }

  /** Whether it was given something to do. */
  get busy(): boolean {
    return this.#started;
  }

  /** One message of the peer. A broken protocol ends the connection, and with it the command. */
  accept(message: Buffer): void {
    try {
      this.#accept(decodeFrame(message));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#socket.close(protocolErrorCode, error.message.slice(0, 100));
      this.close();
    }
  }

  /** The peer is gone, or has what it wanted: kills what still runs. Idempotent. */
  close(): void {
    this.#command?.close();
    this.#probe?.close();
  }

  #accept({ channel, data }: Frame): void {
    if (channel === 'start' || channel === 'probe') {
      if (this.#started) throw new ProtocolError('A second start');
      this.#started = true;
      if (channel === 'start') this.#start(parseStart(data));
      else
        this.#probe = probeInit(this.#children, this.#launcher, (init) =>
          this.#last(encodeMessage('probed', { init })),
        );
      return;
    }
    const command = this.#command;
    if (!this.#started) throw new ProtocolError(`${channel} before start`);
    if (command === undefined) return; // it could not be started: the peer does not know yet
    if (channel === 'stdin') command.writeStdin(checkedData(data));
    else if (channel === 'close') command.closeStdin();
    else if (channel === 'resize') command.resize(parseResize(data));
    else if (channel === 'signal') command.signal(parseSignal(data).number);
    else if (channel === 'window') this.#onWindow(command, data);
    else throw new ProtocolError(`${channel} is not for an agent`);
  }

  #onWindow(command: Command, data: Buffer): void {
    const { channel, bytes } = decodeWindow(data);
    if (channel === 'stdin') throw new ProtocolError('A window for stdin');
    command.grant(channel, bytes);
  }

  #start(request: StartRequest): void {
    try {
      this.#command = new Command(this.#children, this.#launcher, request, {
        output: (channel, bytes) => this.#output(encodeFrame(channel, bytes)),
        stdinWindow: (bytes) => this.#socket.send(encodeWindow({ channel: 'stdin', bytes })),
        started: (pid) => this.#socket.send(encodeMessage('started', { pid })),
        ended: (status) => this.#last(encodeMessage('status', status)),
        failed: (failure) => this.#last(encodeMessage('failed', failure)),
      });
    } catch (error) {
      this.#last(encodeMessage('failed', failureOf(error)));
    }
  }

  #output(frame: Buffer): boolean {
    const full = this.#socket.bufferedAmount + frame.length > maxBufferedBytes;
    this.#socket.send(frame, full ? () => this.#command?.resumeOutput() : () => {});
    return !full;
  }

  #last(frame: Buffer): void {
    this.#socket.send(frame);
    this.#socket.close(normalClosure);
  }
}

function failureOf(error: unknown): Failure {
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
  // Too long a list of arguments is the command's own fault, everything else a lack of the instance's.
  const tooLong = error instanceof Error && 'code' in error && error.code === 'E2BIG';
  return { reason: tooLong ? 'exec' : 'resources', errno: Math.abs(errno) };
}
