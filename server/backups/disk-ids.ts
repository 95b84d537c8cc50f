import { Fault } from '../base/fault.ts';
import type { IdRange, IdRanges } from '../base/id-map.ts';

/** Of the ids of a root as LXD has stored them (`outside`), those that the instance sees (`inside`). */
export type DiskIds = IdRanges;

/** Who owns what no range has, in the eyes of an instance: user_namespaces(7). */
const overflowId = 65_534;
/** As many as a map of the kernel may have: user_namespaces(7). */
const maxRanges = 340;
const maxId = 2 ** 32 - 1;

/**
 * Reads the hostile `volatile.last_state.idmap`, JSON that says how the files on the disk are shifted. Undefined when they are not.
 * Fault `invalid`.
 */
export function parseDiskIds(text: string): DiskIds | undefined {
  if (text === '') return undefined;
  const ranges = listOf(text).map(rangeOf);
  if (ranges.length === 0) return undefined;
  return { users: ranges.filter(({ user }) => user), groups: ranges.filter(({ group }) => group) };
}

export function idInside(ranges: readonly IdRange[], id: number): number {
  const range = ranges.find(({ outside, size }) => id >= outside && id < outside + size);
  return range === undefined ? overflowId : id - range.outside + range.inside;
}

function listOf(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text) ?? [];
  } catch (cause) {
    throw bad({ cause });
  }
  if (!Array.isArray(value) || value.length > maxRanges) throw bad();
  return value;
}

function rangeOf(value: unknown): IdRange & { readonly user: boolean; readonly group: boolean } {
  const fields = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  const number = (name: string): number => {
    const found: unknown = fields.get(name);
    if (typeof found !== 'number' || !Number.isInteger(found) || found < 0 || found > maxId) throw bad();
    return found;
  };
  return {
    ...{ inside: number('Nsid'), outside: number('Hostid'), size: number('Maprange') },
    ...{ user: fields.get('Isuid') === true, group: fields.get('Isgid') === true },
  };
}

function bad(options?: ErrorOptions): Fault {
  return new Fault('invalid', 'The backup cannot be used: its volatile.last_state.idmap is no list of ranges', options);
}
