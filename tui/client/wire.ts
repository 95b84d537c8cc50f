/**
 * Protocol buffers from a descriptor in protobuf.js' JSON form, without that library: loading it and building its
 * reflection tree costs more than a whole call (15 to 20 ms of every command), this costs one. Messages have the shape
 * that proto-loader gives them with `proto/api.ts`' options, which a test holds for every message of the API.
 * https://protobuf.dev/programming-guides/encoding/
 */

interface FieldJson {
  readonly type: string;
  readonly id: number;
  readonly rule?: string;
  readonly keyType?: string;
}

interface MethodJson {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

/** A namespace, message, enumeration, service or extension. */
export interface NodeJson {
  readonly extend?: string;
  readonly fields?: Readonly<Record<string, FieldJson>>;
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<Record<string, MethodJson>>;
  readonly nested?: Readonly<Record<string, NodeJson>>;
}

export type Message = Record<string, unknown>;

/** Encodes and decodes the messages of one descriptor. Type names are full: `yurt.v1.Instance`. */
export class Codec {
  readonly #descriptor: NodeJson;
  readonly #plans = new Map<string, Plan>();

  constructor(descriptor: NodeJson) {
    this.#descriptor = descriptor;
  }

  encode(typeName: string, message: Message): Buffer {
    return Buffer.concat(this.encodeParts(typeName, message));
  }

  /** The same in pieces, of which large ones share memory with the fields of `message`. */
  encodeParts(typeName: string, message: Message): Buffer[] {
    const writer = new Writer();
    this.#write(writer, this.#plan(typeName), message);
    return writer.parts();
  }

  /** Throws a RangeError for bytes that are no such message. */
  decode(typeName: string, bytes: Buffer): Message {
    return this.#read(new Reader(bytes, 0, bytes.length), this.#plan(typeName));
  }

  /** Which part of a message of unknown origin `encode` would leave out or could not write; undefined: none. */
  unknownField(typeName: string, message: unknown, path = ''): string | undefined {
    if (typeof message !== 'object' || message === null || Array.isArray(message)) return `${path} is no object`;
    const { fields } = this.#plan(typeName);
    for (const [name, value] of Object.entries(message)) {
      const field = fields.find((one) => one.name === name);
      const where = path === '' ? name : `${path}.${name}`;
      if (field === undefined)
        return `there is no field "${where}"; there are ${fields.map((one) => one.name).join(', ')}`;
      const wrong = this.#wrongValue(field, value, where);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #wrongValue(field: Field, value: unknown, where: string): string | undefined {
    if (field.shape === 'list' && !Array.isArray(value)) return `${where} is no list`;
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (field.shape === 'map' && !isMap) return `${where} is no map`;
    const values = field.shape === 'one' ? [value] : Object.values(value as object); // checked above
    for (const each of values) {
      if (field.typeName !== undefined) {
        const wrong = this.unknownField(field.typeName, each, where);
        if (wrong !== undefined) return wrong;
        continue;
      }
      const expected =
        field.scalar === 'bool' ? 'boolean' : ['string', 'enum', 'bytes'].includes(field.scalar) ? 'string' : 'number';
      if (typeof each !== expected) return `${where} is no ${expected}`;
      if (field.scalar === 'enum' && field.numbers?.[String(each)] === undefined) {
        return `${where} is none of ${Object.keys(field.numbers ?? {}).join(', ')}`;
      }
    }
    return undefined;
  }

  #plan(typeName: string): Plan {
    const known = this.#plans.get(typeName);
    if (known !== undefined) return known;
    const node = this.#find(typeName);
    if (node === undefined || node.values !== undefined) throw new Error(`No message type ${typeName} in the API`);
    const scope = typeName.slice(0, typeName.lastIndexOf('.'));
    const oneofOf = new Map<string, string>();
    for (const [name, { oneof }] of Object.entries(node.oneofs ?? {})) {
      for (const member of oneof) oneofOf.set(member, name);
    }
    const fields = Object.entries(node.fields ?? {}).map(([name, json]) => this.#field(name, json, scope, oneofOf));
    const plan: Plan = { fields, byId: new Map(fields.map((field) => [field.id, field])) };
    this.#plans.set(typeName, plan);
    return plan;
  }

  #field(name: string, json: FieldJson, scope: string, oneofOf: ReadonlyMap<string, string>): Field {
    const { id, type, keyType } = json;
    const shape = keyType !== undefined ? 'map' : json.rule === 'repeated' ? 'list' : 'one';
    const base = { name, id, shape, oneof: oneofOf.get(name) } as const;
    if (isScalar(type)) return { ...base, scalar: type };
    const fullName = this.#find(`${scope}.${type}`) === undefined ? type : `${scope}.${type}`;
    const values = this.#find(fullName)?.values;
    if (values === undefined) return { ...base, typeName: fullName };
    return { ...base, scalar: 'enum', numbers: values, names: new Map(Object.entries(values).map(([k, v]) => [v, k])) };
  }

  #find(fullName: string): NodeJson | undefined {
    return fullName.split('.').reduce<NodeJson | undefined>((node, part) => node?.nested?.[part], this.#descriptor);
  }

  #write(writer: Writer, plan: Plan, message: Message): void {
    for (const field of plan.fields) {
      const value = message[field.name];
      if (value === undefined || value === null) continue;
      if (field.shape === 'one') this.#writeValue(writer, field, field.id, value);
      else if (field.shape === 'list') {
        for (const item of value as readonly unknown[]) this.#writeValue(writer, field, field.id, item); // typed at call
      } else {
        for (const [key, item] of Object.entries(value)) {
          const entry = new Writer();
          writeScalar(entry, 1, 'string', key);
          this.#writeValue(entry, field, 2, item);
          writer.bytes(field.id, entry.finish());
        }
      }
    }
  }

  #writeValue(writer: Writer, field: Field, id: number, value: unknown): void {
    if (field.typeName !== undefined) {
      const inner = new Writer();
      this.#write(inner, this.#plan(field.typeName), value as Message); // typed at call
      writer.bytes(id, inner.finish());
    } else if (field.scalar === 'enum') {
      writer.varint(id, typeof value === 'string' ? (field.numbers?.[value] ?? 0) : Number(value));
    } else writeScalar(writer, id, field.scalar, value);
  }

  #read(reader: Reader, plan: Plan): Message {
    const message: Message = {};
    for (const field of plan.fields) if (field.oneof === undefined) message[field.name] = defaultOf(field);
    while (!reader.atEnd) {
      const tag = reader.varint();
      const field = plan.byId.get(tag >>> 3);
      if (field === undefined) reader.skip(tag & 7);
      else this.#readField(reader, field, tag & 7, message);
    }
    return message;
  }

  #readField(reader: Reader, field: Field, wireType: number, message: Message): void {
    if (field.shape === 'map') {
      const [key, value] = this.#readEntry(reader.section(), field);
      setOwn(message[field.name] as Message, key, value); // made by defaultOf
      return;
    }
    if (field.shape === 'list') {
      const list = message[field.name] as unknown[]; // made by defaultOf
      const packed = wireType === 2 && field.scalar !== undefined && !['string', 'bytes'].includes(field.scalar);
      if (!packed) list.push(this.#readValue(reader, field));
      else for (const part = reader.section(); !part.atEnd; ) list.push(this.#readValue(part, field));
      return;
    }
    message[field.name] = this.#readValue(reader, field);
    if (field.oneof !== undefined) message[field.oneof] = field.name;
  }

  #readEntry(reader: Reader, field: Field): [string, unknown] {
    let key = '';
    let value: unknown =
      field.typeName === undefined ? scalarDefault(field) : this.#read(Reader.empty, this.#plan(field.typeName));
    while (!reader.atEnd) {
      const tag = reader.varint();
      if (tag >>> 3 === 1) key = reader.text();
      else if (tag >>> 3 === 2) value = this.#readValue(reader, field);
      else reader.skip(tag & 7);
    }
    return [key, value];
  }

  #readValue(reader: Reader, field: Field): unknown {
    if (field.typeName !== undefined) return this.#read(reader.section(), this.#plan(field.typeName));
    if (field.scalar !== 'enum') return readScalar(reader, field.scalar);
    const number = reader.varint();
    return field.names?.get(number) ?? number;
  }
}

const scalars = ['string', 'bytes', 'bool', 'int32', 'uint32', 'int64', 'double'] as const;
type Scalar = (typeof scalars)[number];

type Field = {
  readonly name: string;
  readonly id: number;
  readonly shape: 'one' | 'list' | 'map';
  readonly oneof: string | undefined;
  readonly numbers?: Readonly<Record<string, number>>;
  readonly names?: ReadonlyMap<number, string>;
} & (
  | { readonly scalar: Scalar | 'enum'; readonly typeName?: undefined }
  | { readonly scalar?: undefined; readonly typeName: string }
);

interface Plan {
  readonly fields: readonly Field[];
  readonly byId: ReadonlyMap<number, Field>;
}

function isScalar(type: string): type is Scalar {
  return (scalars as readonly string[]).includes(type);
}

function defaultOf(field: Field): unknown {
  if (field.shape === 'list') return [];
  if (field.shape === 'map') return {};
  return field.typeName === undefined ? scalarDefault(field) : null;
}

function scalarDefault(field: Field): unknown {
  if (field.scalar === 'string') return '';
  if (field.scalar === 'bytes') return Buffer.alloc(0);
  if (field.scalar === 'bool') return false;
  if (field.scalar === 'enum') return field.names?.get(0) ?? 0;
  return 0;
}

/** Sets a key that the other side chose, `__proto__` included, as a plain property. */
function setOwn(target: Message, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function writeScalar(writer: Writer, id: number, scalar: Scalar, value: unknown): void {
  if (scalar === 'string') writer.bytes(id, Buffer.from(String(value)));
  else if (scalar === 'bytes')
    writer.bytes(id, typeof value === 'string' ? Buffer.from(value, 'base64') : (value as Buffer));
  else if (scalar === 'double') writer.double(id, Number(value));
  else writer.varint(id, Number(value));
}

function readScalar(reader: Reader, scalar: Scalar): unknown {
  if (scalar === 'string') return reader.text();
  if (scalar === 'bytes') return reader.bytes();
  if (scalar === 'double') return reader.double();
  if (scalar === 'bool') return reader.varint64() !== 0;
  if (scalar === 'int64') return reader.varint64();
  return scalar === 'int32' ? reader.varint() | 0 : reader.varint();
}

/** From here on a field is not worth a copy. */
const largeBytes = 4096;

class Writer {
  readonly #parts: Buffer[] = [];

  varint(id: number, value: number): void {
    this.#raw(id << 3);
    this.#raw(value);
  }

  double(id: number, value: number): void {
    this.#raw((id << 3) | 1);
    const part = Buffer.alloc(8);
    part.writeDoubleLE(value);
    this.#parts.push(part);
  }

  bytes(id: number, value: Uint8Array): void {
    this.#raw((id << 3) | 2);
    this.#raw(value.length);
    this.#parts.push(Buffer.from(value.buffer, value.byteOffset, value.length));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** Small pieces are joined. */
  parts(): Buffer[] {
    const joined: Buffer[] = [];
    let from = 0;
    for (const [index, part] of this.#parts.entries()) {
      if (part.length < largeBytes) continue;
      if (index > from) joined.push(Buffer.concat(this.#parts.slice(from, index)));
      joined.push(part);
      from = index + 1;
    }
    if (from < this.#parts.length) joined.push(Buffer.concat(this.#parts.slice(from)));
    return joined;
  }

  /** A base-128 number; a negative one takes ten bytes, as two's complement of 64 bits. */
  #raw(value: number): void {
    const bytes: number[] = [];
    if (value >= 0 && value <= 0x7fffffff) {
      let rest = value;
      for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
      bytes.push(rest);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
      bytes.push(Number(rest));
    }
    this.#parts.push(Buffer.from(bytes));
  }
}

class Reader {
  static readonly empty = new Reader(Buffer.alloc(0), 0, 0);
  readonly #bytes: Buffer;
  readonly #end: number;
  #position: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** The low 32 bits, unsigned. */
  varint(): number {
    // Nearly all of them, tags and lengths, are one byte.
    const byte = this.#position < this.#end ? this.#bytes[this.#position] : undefined;
    if (byte === undefined || byte > 127) return this.#words()[0];
    this.#position += 1;
    return byte;
  }

  /** A signed number of 64 bits; beyond 2^53 it is rounded, as with `longs: Number`. */
  varint64(): number {
    const [low, high] = this.#words();
    return (high | 0) * 0x1_0000_0000 + low;
  }

  double(): number {
    const value = this.#bytes.readDoubleLE(this.#take(8));
    return value;
  }

  bytes(): Buffer {
    const length = this.varint();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(): string {
    const length = this.varint();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  section(): Reader {
    const length = this.varint();
    const start = this.#take(length);
    return new Reader(this.#bytes, start, start + length);
  }

  skip(wireType: number): void {
    if (wireType === 0) this.#words();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.#take(this.varint());
    else if (wireType === 5) this.#take(4);
    else throw new RangeError(`Unknown wire type ${wireType} in a message of the server`);
  }

  #take(length: number): number {
    const start = this.#position;
    if (length > this.#end - start) throw new RangeError('A message of the server ends too early');
    this.#position = start + length;
    return start;
  }

  #words(): readonly [low: number, high: number] {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) return [low >>> 0, high >>> 0];
    }
    throw new RangeError('A number in a message of the server is too long');
  }
}
