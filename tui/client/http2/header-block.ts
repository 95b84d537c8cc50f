import { decodeHuffman } from './huffman.ts';

/** Names in lower case. A name that comes twice has the last value: none that gRPC reads may. */
export type Headers = Readonly<Record<string, string>>;

/** https://www.rfc-editor.org/rfc/rfc7541#appendix-A: a name, or a name and its value. */
const staticTable: readonly string[] = [
  ':authority',
  ...[':method GET', ':method POST', ':path /', ':path /index.html', ':scheme http', ':scheme https'],
  ...[':status 200', ':status 204', ':status 206', ':status 304', ':status 400', ':status 404', ':status 500'],
  ...['accept-charset', 'accept-encoding gzip, deflate', 'accept-language', 'accept-ranges', 'accept'],
  ...['access-control-allow-origin', 'age', 'allow', 'authorization', 'cache-control', 'content-disposition'],
  ...['content-encoding', 'content-language', 'content-length', 'content-location', 'content-range', 'content-type'],
  ...['cookie', 'date', 'etag', 'expect', 'expires', 'from', 'host', 'if-match', 'if-modified-since'],
  ...['if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'link', 'location', 'max-forwards'],
  ...['proxy-authenticate', 'proxy-authorization', 'range', 'referer', 'refresh', 'retry-after', 'server'],
  ...['set-cookie', 'strict-transport-security', 'transfer-encoding', 'user-agent', 'vary', 'via', 'www-authenticate'],
];

const indexedBit = 0x80;
const insertBit = 0x40;
const resizeBit = 0x20;
const huffmanBit = 0x80;

/** Each header as a literal that nobody needs to remember. https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2 */
export function encodeHeaders(headers: Headers): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    parts.push(Buffer.of(0), literal(name), literal(value));
  }
  return Buffer.concat(parts);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([encodeLength(bytes.length), bytes]);
}

function encodeLength(length: number): Buffer {
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  let rest = length - 127;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/**
 * Reads a block from a server that was told to remember nothing (SETTINGS_HEADER_TABLE_SIZE 0): a header to be inserted
 * is evicted at once, so that blocks stand alone. Throws a RangeError for what is no such block.
 */
export function decodeHeaders(block: Buffer): Headers {
  const cursor: Cursor = { block, position: 0 };
  const headers: Record<string, string> = Object.create(null);
  while (cursor.position < block.length) {
    const first = block.readUInt8(cursor.position);
    if ((first & indexedBit) !== 0) {
      const [name, value] = entryAt(readInteger(cursor, 7));
      headers[name] = value;
    } else if ((first & insertBit) !== 0) readLiteral(cursor, 6, headers);
    else if ((first & resizeBit) === 0) readLiteral(cursor, 4, headers);
    else if (readInteger(cursor, 5) !== 0) throw new RangeError('The server wants headers to be remembered');
  }
  return headers;
}

interface Cursor {
  readonly block: Buffer;
  position: number;
}

function readLiteral(cursor: Cursor, prefixBits: number, headers: Record<string, string>): void {
  const index = readInteger(cursor, prefixBits);
  const name = index === 0 ? readString(cursor) : entryAt(index)[0];
  headers[name] = readString(cursor);
}

function entryAt(index: number): readonly [name: string, value: string] {
  const entry = staticTable[index - 1];
  if (entry === undefined) throw new RangeError('The server names a header that is not known');
  const space = entry.indexOf(' ');
  return space < 0 ? [entry, ''] : [entry.slice(0, space), entry.slice(space + 1)];
}

function readString(cursor: Cursor): string {
  const isHuffman = (byteAt(cursor, cursor.position) & huffmanBit) !== 0;
  const length = readInteger(cursor, 7);
  const start = cursor.position;
  if (length > cursor.block.length - start) throw new RangeError('A header of the server ends too early');
  cursor.position = start + length;
  const bytes = cursor.block.subarray(start, cursor.position);
  return isHuffman ? decodeHuffman(bytes) : bytes.toString('latin1');
}

/** https://www.rfc-editor.org/rfc/rfc7541#section-5.1 */
function readInteger(cursor: Cursor, prefixBits: number): number {
  const most = 2 ** prefixBits - 1;
  const prefix = byteAt(cursor, cursor.position++) & most;
  if (prefix < most) return prefix;
  let value = most;
  for (let shift = 0; shift <= 21; shift += 7) {
    const byte = byteAt(cursor, cursor.position++);
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
  throw new RangeError('A number in a header of the server is too long');
}

function byteAt({ block }: Cursor, position: number): number {
  const byte = block[position];
  if (byte === undefined) throw new RangeError('A header of the server ends too early');
  return byte;
}
