import type { WebSocket } from 'ws';
import { parseFilesRequest } from '../proto/agent/files-request.ts';
import {
  checkedData,
  decodeFrame,
  decodeWindow,
  encodeFrame,
  encodeWindow,
  type Frame,
  ProtocolError,
  protocolErrorCode,
  takenCloseCode,
} from '../proto/agent/frame.ts';
import {
  encodeMessage,
  type Failure,
  parseResize,
  parseSignal,
  parseStart,
  type StartRequest,
} from '../proto/agent/messages.ts';
import { encodeListed, parseAttach, parseKeep, parseSessions } from '../proto/agent/sessions.ts';
import type { Children } from './children.ts';
import { Command } from './command.ts';
import { FileSession } from './files/file-session.ts';
import { MemoryRoom } from './files/memory-room.ts';
import { canPlaceCommands, type Launcher } from './launcher.ts';
import { type Probe, probeInit } from './probe.ts';
import type { Attachment, SessionPeer } from './sessions/attachment.ts';
import type { KeptSessions } from './sessions/kept-sessions.ts';

/** A connection that holds more than this unsent makes the command wait. */
const maxBufferedBytes = 512 * 1024;
const normalClosure = 1000;
/** errno(3), asm-generic/errno-base.h: what a removed cgroup answers. */
const ENODEV = 19;

/** What a connection can begin with. */
const beginnings = ['start', 'probe', 'files', 'keep', 'attach', 'sessions'] as const;
type Beginning = (typeof beginnings)[number];

/** One connection: at most one command, one session that outlives it, one probe or one work on files. */
export class Session {
  readonly #socket: WebSocket;
  readonly #children: Children;
  readonly #launcher: Launcher;
  readonly #kept: KeptSessions;
  #command: Command | Attachment | undefined;
  #probe: Probe | undefined;
  #files: FileSession | undefined;
  #started = false;

  constructor(socket: WebSocket, children: Children, launcher: Launcher, kept: KeptSessions) {
    this.#socket = socket;
    this.#children = children;
    this.#launcher = launcher;
    this.#kept = kept;
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

  /** The peer is gone, or has what it wanted: kills what still runs, but for what outlives it. Idempotent. */
  close(): void {
    this.#command?.close();
    this.#probe?.close();
    this.#files?.close();
  }

  #accept({ channel, data }: Frame): void {
    if (isBeginning(channel)) {
      if (this.#started) throw new ProtocolError('A second start');
      this.#started = true;
      this.#begin(channel, data);
      return;
    }
    if (this.#files !== undefined) {
      this.#acceptFiles(this.#files, channel, data);
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

  #begin(channel: Beginning, data: Buffer): void {
    if (channel === 'start') this.#start(parseStart(data));
    else if (channel === 'files') this.#startFiles(data);
    else if (channel === 'keep') this.#keep(data);
    else if (channel === 'attach') this.#attach(this.#kept.attach(parseAttach(data), this.#peer), 'session');
    else if (channel === 'sessions') this.#listSessions(data);
    else
      this.#probe = probeInit(this.#children, this.#launcher, (init) => this.#last(encodeMessage('probed', { init })));
  }

  #keep(data: Buffer): void {
    const request = parseKeep(data);
    try {
      this.#attach(this.#kept.keep(request, this.#peer), 'sessions');
    } catch (error) {
      this.#last(encodeMessage('failed', failureOf(error, request.start)));
    }
  }

  #attach(attachment: Attachment | undefined, otherwise: 'session' | 'sessions'): void {
    this.#command = attachment;
    if (attachment === undefined) this.#last(encodeMessage('failed', { reason: otherwise, errno: 0 }));
  }

  #listSessions(data: Buffer): void {
    const request = parseSessions(data);
    if (request !== undefined) this.#kept.end(request.end);
    this.#last(encodeListed({ sessions: this.#kept.list() }));
  }

  get #peer(): SessionPeer {
    return {
      send: (frame) => this.#socket.send(frame),
      output: (frame) => this.#output(frame, () => this.#command?.resumeOutput()),
      last: (frame) => this.#last(frame),
      taken: () => this.#socket.close(takenCloseCode),
    };
  }

  #startFiles(data: Buffer): void {
    const request = parseFilesRequest(data);
    // What is pushed into memory needs a child there. The next agent makes the place again.
    if (request.work === 'push' && !canPlaceCommands(this.#launcher)) {
      this.#last(encodeMessage('failed', { reason: 'cgroup', errno: ENODEV }));
      return;
    }
    const files = new FileSession(request, new MemoryRoom(this.#children, this.#launcher), {
      output: (bytes) => this.#output(encodeFrame('stdout', bytes), () => files.resume()),
      stdinWindow: (bytes) => this.#socket.send(encodeWindow({ channel: 'stdin', bytes })),
      ended: (status) => this.#last(encodeMessage('status', status)),
    });
    this.#files = files;
    this.#socket.send(encodeMessage('started', { pid: process.pid }));
    files.start();
  }

  #acceptFiles(files: FileSession, channel: Frame['channel'], data: Buffer): void {
    if (channel === 'stdin') files.write(checkedData(data));
    else if (channel === 'close') files.endInput();
    else if (channel === 'window') files.grant(decodeWindow(data).bytes);
    else throw new ProtocolError(`${channel} with files`);
  }

  #onWindow(command: Command | Attachment, data: Buffer): void {
    const { channel, bytes } = decodeWindow(data);
    if (channel === 'stdin') throw new ProtocolError('A window for stdin');
    command.grant(channel, bytes);
  }

  #start(request: StartRequest): void {
    try {
      this.#command = new Command(this.#children, this.#launcher, request, {
        output: (channel, bytes) => this.#output(encodeFrame(channel, bytes), () => this.#command?.resumeOutput()),
        stdinWindow: (bytes) => this.#socket.send(encodeWindow({ channel: 'stdin', bytes })),
        started: (pid) => this.#socket.send(encodeMessage('started', { pid })),
        ended: (status) => this.#last(encodeMessage('status', status)),
        failed: (failure) => this.#last(encodeMessage('failed', failure)),
      });
    } catch (error) {
      this.#last(encodeMessage('failed', failureOf(error, request)));
    }
  }

  #output(frame: Buffer, resume: () => void): boolean {
    const full = this.#socket.bufferedAmount + frame.length > maxBufferedBytes;
    this.#socket.send(frame, full ? resume : () => {});
    return !full;
  }

  #last(frame: Buffer): void {
    this.#socket.send(frame);
    this.#socket.close(normalClosure);
  }
}

function isBeginning(channel: Frame['channel']): channel is Beginning {
  return beginnings.some((beginning) => beginning === channel);
}

function failureOf(error: unknown, request: StartRequest): Failure {
  const errno =
    error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? Math.abs(error.errno) : 0;
  // Too long a list of arguments is the command's own fault, everything else a lack of the instance's.
  if (error instanceof Error && 'code' in error && error.code === 'E2BIG') return { reason: 'exec', errno };
  // node-pty's errors have words only.
  return { reason: request.terminal !== undefined && errno === 0 ? 'terminal' : 'resources', errno };
}
