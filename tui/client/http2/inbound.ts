import { contentOf, type Frame, frameFlags, frameTypes, readNumber, readSettings } from './frame.ts';
import { FrameParser } from './frame-parser.ts';
import { decodeHeaders, type Headers } from './header-block.ts';

/** A status message of gRPC and its details are a few kilobytes. */
const maxHeaderBlockBytes = 64 * 1024;

/** What a server says. */
export interface Listener {
  onData(streamId: number, content: Buffer, frameBytes: number): void;
  onHeaders(streamId: number, headers: Headers): void;
  /** The server ends its side of a stream. */
  onEnd(streamId: number): void;
  onReset(streamId: number, code: number): void;
  onSettings(settings: readonly (readonly [id: number, value: number])[]): void;
  onWindow(streamId: number, increment: number): void;
  onPing(payload: Buffer, isAnswer: boolean): void;
  /** It takes no more streams; those above `lastStreamId` it has not seen. */
  onLeaving(lastStreamId: number): void;
}

/** Reads what a server sends, in the order that HTTP/2 has. Throws a RangeError for everything else. */
export class Inbound {
  readonly #listener: Listener;
  readonly #parser = new FrameParser();
  #hasSettings = false;
  /** A block of headers that is not whole yet. */
  #block: { readonly streamId: number; readonly isLast: boolean; readonly parts: Buffer[]; size: number } | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  push(chunk: Buffer): void {
    for (const frame of this.#parser.push(chunk)) this.#handle(frame);
  }

  #handle(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    if (!this.#hasSettings && type !== frameTypes.settings) throw new RangeError('The server does not speak HTTP/2');
    if ((this.#block === undefined) === (type === frameTypes.continuation)) throw new RangeError('Headers are cut off');
    switch (type) {
      case frameTypes.data:
        this.#listener.onData(streamId, contentOf(frame), payload.length);
        if ((flags & frameFlags.endStream) !== 0) this.#listener.onEnd(streamId);
        return;
      case frameTypes.headers:
        this.#block = { streamId, isLast: (flags & frameFlags.endStream) !== 0, parts: [], size: 0 };
        this.#addToBlock(contentOf(frame), flags);
        return;
      case frameTypes.continuation:
        this.#addToBlock(payload, flags);
        return;
      case frameTypes.settings:
        this.#hasSettings = true;
        if ((flags & frameFlags.ack) === 0) this.#listener.onSettings(readSettings(payload));
        return;
      case frameTypes.windowUpdate:
        this.#listener.onWindow(streamId, readNumber(payload, 0));
        return;
      case frameTypes.rstStream:
        this.#listener.onReset(streamId, readNumber(payload, 0));
        return;
      case frameTypes.ping:
        this.#listener.onPing(payload, (flags & frameFlags.ack) !== 0);
        return;
      case frameTypes.goAway:
        this.#listener.onLeaving(readNumber(payload, 0));
        return;
      case frameTypes.pushPromise:
        throw new RangeError('The server pushes what nobody asked for');
      default: // an extension, or a priority: to be ignored
    }
  }

  #addToBlock(part: Buffer, flags: number): void {
    const block = this.#block;
    if (block === undefined) return;
    block.parts.push(part);
    // An empty part costs something too.
    block.size += part.length + 1;
    if (block.size > maxHeaderBlockBytes) throw new RangeError('The server sent too many headers');
    if ((flags & frameFlags.endHeaders) === 0) return;
    this.#block = undefined;
    this.#listener.onHeaders(block.streamId, decodeHeaders(Buffer.concat(block.parts)));
    if (block.isLast) this.#listener.onEnd(block.streamId);
  }
}
