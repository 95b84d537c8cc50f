import { TreeFault } from './tree-fault.ts';

/** How a tree is written. */
export interface WritePolicy {
  /**
   * `directory`: everything goes into the target, a directory. `exactly`: one entry becomes the target itself. `auto`:
   * the first if the target is a directory, else the second.
   */
  readonly into: 'auto' | 'directory' | 'exactly';
  /** Missing directories on the way to the target are made. */
  readonly parents: boolean;
  /** Owners of the source, by number; otherwise what is new belongs to the writer. */
  readonly owners: boolean;
  /** Instead of the source's. The mode is that of files alone. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  /** What is there already keeps owner and mode (`keep`), gets those of the source (`set`), or is an error (`refuse`). */
  readonly existing: 'keep' | 'set' | 'refuse';
  /** Set-id and sticky bits. */
  readonly specialBits: boolean;
  readonly times: boolean;
  /** Extended attributes: `user` for those in the namespace of that name, which give nobody any right. */
  readonly attributes: 'all' | 'user';
  /** A directory may go into what a symbolic link leads to; otherwise the link is replaced by a directory. */
  readonly followLinks: boolean;
}

/** Mode of directories that are made on the way. */
export const parentMode = 0o750;
const maxId = 0xffff_fffe;

/** Throws a TreeFault (EPROTO) for what is none. */
export function parsePolicy(value: unknown): WritePolicy {
  if (typeof value !== 'object' || value === null) throw wrong('policy');
  const fields = value as Readonly<Record<string, unknown>>; // any object is one
  return {
    into: oneOf(['auto', 'directory', 'exactly'], fields['into']),
    parents: flag(fields['parents']),
    owners: flag(fields['owners']),
    ...(fields['uid'] === undefined ? {} : { uid: number(fields['uid'], maxId) }),
    ...(fields['gid'] === undefined ? {} : { gid: number(fields['gid'], maxId) }),
    ...(fields['mode'] === undefined ? {} : { mode: number(fields['mode'], 0o7777) }),
    existing: oneOf(['keep', 'set', 'refuse'], fields['existing']),
    specialBits: flag(fields['specialBits']),
    times: flag(fields['times']),
    attributes: oneOf(['all', 'user'], fields['attributes']),
    followLinks: flag(fields['followLinks']),
  };
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw wrong(String(value));
  return found;
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrong('flag');
  return value;
}

function number(value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw wrong('number');
  return value;
}

function wrong(what: string): TreeFault {
  return new TreeFault('EPROTO', `Malformed policy: ${what}`);
}
