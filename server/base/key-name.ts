import type { ConfigKey } from './config-key.ts';
import { Fault } from './fault.ts';
import { nearest } from './nearest.ts';

export const maxKeyNames = 100;
/** Longer than any key that a table has. */
const maxKeyNameLength = 256;

/**
 * Refuses names that stand for no key of the table. Each part of a name may be shortened: `s.privileged`. Fault
 * `invalid`, with the key that was probably meant.
 */
export function checkKeyNames(table: readonly Pick<ConfigKey, 'key'>[], names: readonly string[]): void {
  if (names.length > maxKeyNames) throw new Fault('invalid', `More than ${maxKeyNames} configuration keys`);
  for (const name of names) {
    const parts = name.slice(0, maxKeyNameLength).split('.');
    if (table.some(({ key }) => standsFor(parts, key.split('.')))) continue;
    const near = nearestKey(parts, table);
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new Fault('invalid', `Unknown configuration key "${name.slice(0, 80)}"${hint}`);
  }
}

/** Whether each part is a beginning of that of the key; a final `*` of the key stands for one part or more. */
function standsFor(parts: readonly string[], key: readonly string[]): boolean {
  if (parts.includes('')) return false;
  const open = key.at(-1) === '*';
  const fixed = open ? key.slice(0, -1) : key;
  if (open ? parts.length < key.length : parts.length !== key.length) return false;
  return fixed.every((word, index) => word.startsWith(parts[index] ?? ''));
}

/** The nearest key of the table, where a first part that is shortened counts as if it were written out. */
function nearestKey(parts: readonly string[], table: readonly Pick<ConfigKey, 'key'>[]): string | undefined {
  const [first = '', ...rest] = parts;
  const keys = table.map(({ key }) => key);
  const beginnings = new Set(keys.map((key) => key.split('.')[0] ?? '').filter((word) => word.startsWith(first)));
  for (const word of [first, ...beginnings]) {
    const near = nearest([word, ...rest].join('.'), keys);
    if (near !== undefined) return near;
  }
  return undefined;
}
