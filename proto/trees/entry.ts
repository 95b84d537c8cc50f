import { TreeFault } from './tree-fault.ts';

export const entryKinds = ['file', 'directory', 'symlink', 'hardlink'] as const;
export type EntryKind = (typeof entryKinds)[number];

/** What a listing shows besides: files that by themselves carry nothing which another place could have. */
export const specialKinds = ['socket', 'fifo', 'character-device', 'block-device'] as const;
export type SpecialKind = (typeof specialKinds)[number];

/** An entry of a listing. */
export interface ListedEntry extends Omit<Entry, 'kind'> {
  readonly kind: EntryKind | SpecialKind;
}

/** One name in a tree. */
export interface Entry {
  /** 0: what was asked for itself; else the entry lies in the last directory with a depth of one less. */
  readonly depth: number;
  /** One component, in whatever bytes the file system has. */
  readonly name: Buffer;
  readonly kind: EntryKind;
  /** Permission bits with set-id and sticky bits, 0-0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes, holes included; 0 for a file whose length is not known yet. */
  readonly size: number;
  /** Time of the last change, since 1970: whole seconds, and nanoseconds on top. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Of a file with several names: the same number for each; the first is a `file`, later ones are `hardlink`s to it. */
  readonly inode?: number;
  /** Of a symbolic link. */
  readonly target?: Buffer;
  /** Extended attributes. */
  readonly attributes?: readonly (readonly [name: string, value: Buffer])[];
}

/** NAME_MAX and PATH_MAX of linux/limits.h. */
export const maxNameBytes = 255;
export const maxPathBytes = 4095;
/** Directories within directories: each is an open descriptor on both ends while it is read or written. */
export const maxDepth = 400;
const maxMode = 0o7777;
const maxId = 0xffff_fffe;
const maxAttributes = 256;

/** JSON in which each character stands for a byte (ISO 8859-1): names need not be UTF-8. */
export function encodeEntry(entry: ListedEntry): Buffer {
  const { name, target, attributes, ...rest } = entry;
  const fields = {
    ...rest,
    name: name.toString('latin1'),
    ...(target === undefined ? {} : { target: target.toString('latin1') }),
    ...(attributes === undefined || attributes.length === 0
      ? {}
      : { attributes: attributes.map(([key, value]) => [key, value.toString('latin1')]) }),
  };
  return Buffer.from(JSON.stringify(fields), 'latin1');
}

/** Throws a TreeFault (EPROTO) for anything that is not an entry, names that could lead elsewhere above all. */
export function parseEntry(data: Buffer): Entry {
  const entry = parseListedEntry(data);
  const kind = entryKinds.find((known) => known === entry.kind);
  if (kind === undefined) throw malformed('kind');
  return { ...entry, kind };
}

/** The same for an entry of a listing. */
export function parseListedEntry(data: Buffer): ListedEntry {
  const fields = parseObject(data);
  const kind = [...entryKinds, ...specialKinds].find((known) => known === fields['kind']);
  if (kind === undefined) throw malformed('kind');
  const { inode, target, attributes } = fields;
  if (kind === 'symlink' && target === undefined) throw malformed('target');
  if (kind === 'hardlink' && inode === undefined) throw malformed('inode');
  return {
    depth: integer(fields['depth'], 'depth', 0, maxDepth),
    name: checkedName(bytes(fields['name'], 'name')),
    kind,
    mode: integer(fields['mode'], 'mode', 0, maxMode),
    uid: integer(fields['uid'], 'uid', 0, maxId),
    gid: integer(fields['gid'], 'gid', 0, maxId),
    size: integer(fields['size'], 'size', 0, Number.MAX_SAFE_INTEGER),
    seconds: integer(fields['seconds'], 'seconds', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    nanoseconds: integer(fields['nanoseconds'], 'nanoseconds', 0, 999_999_999),
    ...(inode === undefined ? {} : { inode: integer(inode, 'inode', 0, Number.MAX_SAFE_INTEGER) }),
    ...(target === undefined ? {} : { target: targetOf(target) }),
    ...(attributes === undefined ? {} : { attributes: attributesOf(attributes) }),
  };
}

/** A component that names something in the directory itself. Throws a TreeFault (EPROTO). */
export function checkedName(name: Buffer): Buffer {
  const text = name.toString('latin1');
  if (name.length === 0 || name.length > maxNameBytes || text === '.' || text === '..' || /[/\0]/.test(text)) {
    throw malformed('name');
  }
  return name;
}

function targetOf(value: unknown): Buffer {
  const target = bytes(value, 'target');
  if (target.length === 0 || target.length > maxPathBytes || target.includes(0)) throw malformed('target');
  return target;
}

function attributesOf(value: unknown): [string, Buffer][] {
  if (!Array.isArray(value) || value.length > maxAttributes) throw malformed('attributes');
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw malformed('attributes');
    const [name, content] = pair as unknown[];
    if (typeof name !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(name)) throw malformed('attributes');
    return [name, bytes(content, 'attributes')];
  });
}

function parseObject(data: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(data.toString('latin1'));
  } catch (error) {
    throw new TreeFault('EPROTO', 'The other end sent a malformed entry', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('entry');
  return value as Readonly<Record<string, unknown>>; // any object is one
}

function bytes(value: unknown, field: string): Buffer {
  if (typeof value !== 'string') throw malformed(field);
  return Buffer.from(value, 'latin1');
}

function integer(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) throw malformed(field);
  return value;
}

function malformed(field: string): TreeFault {
  return new TreeFault('EPROTO', `The other end sent an entry with an invalid ${field}`);
}
