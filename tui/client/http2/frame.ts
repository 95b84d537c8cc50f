/** https://www.rfc-editor.org/rfc/rfc9113#section-6 */
export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlags = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

/** https://www.rfc-editor.org/rfc/rfc9113#section-7 */
export const errorCodes = { noError: 0, protocolError: 1, cancel: 8 } as const;

/** What every client says first. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const frameHeaderBytes = 9;
/** Until a peer says otherwise: of payloads, of flow-control windows. */
export const defaultMaxFrameBytes = 16_384;
export const defaultWindowBytes = 65_535;
export const maxWindowBytes = 2 ** 31 - 1;

export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  /** 0: of the connection. */
  readonly streamId: number;
}

export interface Frame extends FrameHead {
  readonly payload: Buffer;
}

/** What stands before a payload of `length` bytes. */
export function frameHead({ type, flags, streamId }: FrameHead, length: number): Buffer {
  const head = Buffer.allocUnsafe(frameHeaderBytes);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return head;
}

export function controlFrame(head: FrameHead, payload: Buffer): Buffer {
  return Buffer.concat([frameHead(head, payload.length), payload]);
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.allocUnsafe(settings.length * 6);
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return controlFrame({ type: frameTypes.settings, flags: 0, streamId: 0 }, payload);
}

/** A frame whose payload is one number of 32 bits: WINDOW_UPDATE, RST_STREAM. */
export function numberFrame(type: number, streamId: number, value: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(value);
  return controlFrame({ type, flags: 0, streamId }, payload);
}

/** The settings of a payload. Throws a RangeError for a wrong length. */
export function readSettings(payload: Buffer): [id: number, value: number][] {
  if (payload.length % 6 !== 0) throw new RangeError('The server sent settings of a wrong length');
  return Array.from({ length: payload.length / 6 }, (_, index) => [
    payload.readUInt16BE(index * 6),
    payload.readUInt32BE(index * 6 + 2),
  ]);
}

/** A number of 32 bits whose first bit means nothing. Throws a RangeError when the payload is too short. */
export function readNumber(payload: Buffer, offset: number): number {
  return payload.readUInt32BE(offset) & 0x7fff_ffff;
}

/** A payload without its padding, and without the priority that nobody uses. Throws a RangeError when it is too short. */
export function contentOf({ type, flags, payload }: Frame): Buffer {
  let start = 0;
  let end = payload.length;
  if ((flags & frameFlags.padded) !== 0) {
    start = 1;
    end -= payload[0] ?? 0;
  }
  if (type === frameTypes.headers && (flags & frameFlags.priority) !== 0) start += 5;
  if (start > end) throw new RangeError('The server sent a frame that is shorter than it says');
  return payload.subarray(start, end);
}
