import type { Duplex } from 'node:stream';
import {
  controlFrame,
  defaultMaxFrameBytes,
  defaultWindowBytes,
  errorCodes,
  frameFlags,
  frameHead,
  frameTypes,
  maxWindowBytes,
  numberFrame,
  preface,
  settingIds,
  settingsFrame,
} from './frame.ts';
import { encodeHeaders, type Headers } from './header-block.ts';
import { Inbound, type Listener } from './inbound.ts';
import { ReceiveWindow } from './receive-window.ts';
import { Http2Stream, type StreamHost } from './stream.ts';

/** Longer frames, if the server takes them, would hold up other streams. */
const maxFrameBytes = 256 * 1024;
/** What a server may make us want to say while it does not read. */
const maxUnsentBytes = 4 * 1024 * 1024;

export interface SessionOptions {
  /** The event of the socket from which on the other side is who it must be: nothing is sent before it. */
  readonly readyEvent: string;
  /** What may be under way to us: of one stream, and of all. */
  readonly streamWindowBytes: number;
  readonly sessionWindowBytes: number;
}

/**
 * The client's side of an HTTP/2 connection, as far as gRPC uses it: no pushes, no priorities, headers that nobody
 * remembers. Why not Node's: docs/decisions/0131-http2-of-the-command-line.md. https://www.rfc-editor.org/rfc/rfc9113
 */
export class Http2Session implements StreamHost, Listener {
  readonly #socket: Duplex;
  readonly #options: SessionOptions;
  readonly #inbound = new Inbound(this);
  readonly #streams = new Map<number, Http2Stream>();
  readonly #ids = new Map<Http2Stream, number>();
  /** Those that were not begun yet, with their headers. */
  readonly #waiting = new Map<Http2Stream, Headers>();
  readonly #pinged: (() => void)[] = [];
  readonly #receiveWindow: ReceiveWindow;
  #nextId = 1;
  #isReady = false;
  #isCorked = false;
  #isLeaving = false;
  #isEnded = false;
  #failure: Error | undefined;
  #sendWindow = defaultWindowBytes;
  #peerWindow = defaultWindowBytes;
  #peerFrameBytes = defaultMaxFrameBytes;
  #peerStreams = Number.POSITIVE_INFINITY;

  constructor(socket: Duplex, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#receiveWindow = new ReceiveWindow(options.sessionWindowBytes);
    socket.once(options.readyEvent, () => this.#begin());
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#flushAll());
    socket.on('error', (error) => this.destroy(error));
    socket.on('end', () => this.destroy());
    socket.on('close', () => this.destroy());
  }

  /** Whether the other side was found, and was who it must be. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether no more requests can be made. */
  get isEnded(): boolean {
    return this.#isEnded || this.#isLeaving;
  }

  /** Why it ended, when an error did it. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Begins an exchange; it waits while the server has no room for one more. */
  request(headers: Headers): Http2Stream {
    const stream = new Http2Stream(this, this.#options.streamWindowBytes);
    if (this.isEnded) stream.close(errorCodes.cancel, this.#failure);
    else {
      this.#waiting.set(stream, headers);
      this.#openWaiting();
    }
    return stream;
  }

  /** Calls back when the server has answered; never when it does not. */
  ping(answered: () => void): void {
    this.#pinged.push(answered);
    this.#write(controlFrame({ type: frameTypes.ping, flags: 0, streamId: 0 }, Buffer.alloc(8)));
  }

  /** Ends everything at once. */
  destroy(failure?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    for (const stream of [...this.#ids.keys(), ...this.#waiting.keys()]) stream.close(errorCodes.cancel, failure);
    this.#streams.clear();
    this.#ids.clear();
    this.#waiting.clear();
    this.#socket.destroy();
  }

  flush(stream: Http2Stream): void {
    while (this.#sendFrame(stream));
  }

  consumed(stream: Http2Stream, bytes: number): void {
    this.#tellWindow(0, this.#receiveWindow.read(bytes));
    const id = this.#ids.get(stream);
    if (id !== undefined && !stream.remoteEnded) this.#tellWindow(id, stream.receiveWindow.read(bytes));
  }

  reset(stream: Http2Stream, code: number): void {
    const id = this.#ids.get(stream);
    if (id !== undefined) this.#write(numberFrame(frameTypes.rstStream, id, code));
    this.#forget(stream, code);
  }

  onData(streamId: number, content: Buffer, frameBytes: number): void {
    this.#receiveWindow.receive(frameBytes);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      // It was canceled while this was on its way.
      this.#tellWindow(0, this.#receiveWindow.read(frameBytes));
      return;
    }
    stream.receiveWindow.receive(frameBytes);
    if (frameBytes > content.length) this.consumed(stream, frameBytes - content.length);
    if (content.length > 0) stream.receive(content);
  }

  onHeaders(streamId: number, headers: Headers): void {
    this.#streams.get(streamId)?.receiveHeaders(headers);
  }

  onEnd(streamId: number): void {
    const stream = this.#streams.get(streamId);
    stream?.receiveEnd();
    if (stream?.isSent === true) this.#forget(stream, errorCodes.noError);
  }

  onReset(streamId: number, code: number): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#forget(stream, code);
  }

  onSettings(settings: readonly (readonly [id: number, value: number])[]): void {
    for (const [id, value] of settings) {
      if (id === settingIds.maxConcurrentStreams) this.#peerStreams = value;
      else if (id === settingIds.maxFrameSize) this.#peerFrameBytes = Math.max(value, defaultMaxFrameBytes);
      else if (id === settingIds.initialWindowSize) {
        if (value > maxWindowBytes) throw new RangeError('The server allows more than can be counted');
        for (const stream of this.#ids.keys()) stream.sendWindow += value - this.#peerWindow;
        this.#peerWindow = value;
      }
    }
    this.#write(controlFrame({ type: frameTypes.settings, flags: frameFlags.ack, streamId: 0 }, Buffer.alloc(0)));
    this.#openWaiting();
    this.#flushAll();
  }

  onWindow(streamId: number, increment: number): void {
    if (streamId === 0) this.#sendWindow = widened(this.#sendWindow, increment);
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) stream.sendWindow = widened(stream.sendWindow, increment);
    if (streamId === 0) this.#flushAll();
    else if (stream !== undefined) this.flush(stream);
  }

  onPing(payload: Buffer, isAnswer: boolean): void {
    if (isAnswer) this.#pinged.shift()?.();
    else this.#write(controlFrame({ type: frameTypes.ping, flags: frameFlags.ack, streamId: 0 }, payload));
  }

  onLeaving(lastStreamId: number): void {
    this.#isLeaving = true;
    const unseen = [...this.#streams].filter(([id]) => id > lastStreamId).map(([, stream]) => stream);
    for (const stream of [...unseen, ...this.#waiting.keys()]) this.#forget(stream, errorCodes.cancel);
    if (this.#streams.size === 0) this.destroy();
  }

  #begin(): void {
    this.#isReady = true;
    const { streamWindowBytes, sessionWindowBytes } = this.#options;
    const settings = [
      [settingIds.headerTableSize, 0],
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, streamWindowBytes],
    ] as const;
    this.#write(Buffer.concat([preface, settingsFrame(settings)]));
    this.#tellWindow(0, sessionWindowBytes - defaultWindowBytes);
    this.#openWaiting();
  }

  #openWaiting(): void {
    for (const [stream, headers] of this.#waiting) {
      if (!this.#isReady || this.#streams.size >= this.#peerStreams) return;
      this.#waiting.delete(stream);
      const id = this.#nextId;
      this.#nextId += 2;
      this.#streams.set(id, stream);
      this.#ids.set(stream, id);
      stream.sendWindow = this.#peerWindow;
      const head = { type: frameTypes.headers, flags: frameFlags.endHeaders, streamId: id };
      this.#write(controlFrame(head, encodeHeaders(headers)));
      this.flush(stream);
    }
  }

  #forget(stream: Http2Stream, code: number): void {
    const id = this.#ids.get(stream);
    this.#waiting.delete(stream);
    this.#ids.delete(stream);
    if (id !== undefined) this.#streams.delete(id);
    stream.close(code);
    if (this.#isLeaving && this.#streams.size === 0) this.destroy();
    else this.#openWaiting();
  }

  #tellWindow(streamId: number, increment: number): void {
    if (increment > 0) this.#write(numberFrame(frameTypes.windowUpdate, streamId, increment));
  }

  /** What is written in one turn goes out at once. */
  #write(bytes: Buffer): void {
    if (this.#isEnded || !this.#isReady) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      queueMicrotask(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
    if (this.#socket.writableLength > maxUnsentBytes) this.destroy(new Error('The server does not read'));
  }

  /** A frame of each in turn: nobody waits for all that another one has to say. */
  #flushAll(): void {
    for (let hasSent = true; hasSent; ) {
      hasSent = false;
      for (const [stream, id] of [...this.#ids]) {
        if (!this.#sendFrame(stream)) continue;
        hasSent = true;
        // Whoever comes next begins with the others.
        if (this.#ids.delete(stream)) this.#ids.set(stream, id);
      }
    }
  }

  #sendFrame(stream: Http2Stream): boolean {
    const id = this.#ids.get(stream);
    if (id === undefined || this.#isEnded || this.#socket.writableNeedDrain) return false;
    const next = stream.take(Math.min(this.#peerFrameBytes, maxFrameBytes, stream.sendWindow, this.#sendWindow));
    if (next === undefined) return false;
    const { length } = next.bytes;
    stream.sendWindow -= length;
    this.#sendWindow -= length;
    const flags = next.isLast ? frameFlags.endStream : 0;
    this.#write(frameHead({ type: frameTypes.data, flags, streamId: id }, length));
    if (length > 0) this.#write(next.bytes);
    if (next.isLast && stream.remoteEnded) this.#forget(stream, errorCodes.noError);
    return true;
  }

  #read(chunk: Buffer): void {
    if (this.#isEnded) return;
    try {
      this.#inbound.push(chunk);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.destroy(error);
    }
  }
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-6.9.1 */
function widened(window: number, increment: number): number {
  if (increment === 0 || window + increment > maxWindowBytes)
    throw new RangeError('The server widens a window wrongly');
  return window + increment;
}
