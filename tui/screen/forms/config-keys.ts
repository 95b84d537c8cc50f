import type { ConfigKey__Output } from '../../../proto/gen/yurt/v1/ConfigKey.ts';
import { suggestion } from '../../arguments/nearest.ts';
import { printable } from '../../output/printable.ts';
import type { Data } from '../state/state.ts';

/** What a new setting may begin with. Of keys that yurt itself sets there is none. */
export function keyChoices({ configKeys }: Data): string[] {
  return configKeys.filter(({ key }) => key !== 'volatile.*').map(({ key }) => key.replace(/\*$/, ''));
}

/** The entry of the table for a key; of keys with a part of one's own, the one whose beginning it has. */
export function entryFor({ configKeys }: Data, key: string): ConfigKey__Output | undefined {
  const exact = configKeys.find((entry) => entry.key === key);
  if (exact !== undefined) return exact;
  return configKeys.find((entry) => entry.key.endsWith('*') && isBelow(key, entry.key.slice(0, -1)));
}

/** Values that a key may have, where these are few. */
export function valueChoices(entry: ConfigKey__Output | undefined): readonly string[] {
  if (entry?.type === 'boolean') return ['true', 'false'];
  return entry === undefined || entry.defaultValue === '' ? [] : [entry.defaultValue];
}

/**
 * What is wrong with a setting as far as the table tells; undefined when nothing is, or the table has not come yet. The
 * server has the last word.
 */
export function wrongSetting(data: Data, key: string, value: string): string | undefined {
  const table = data.configKeys;
  if (table.length === 0) return undefined;
  const entry = entryFor(data, key);
  if (entry === undefined) {
    const names = table.map((one) => one.key);
    return `Unknown key "${printable(key)}"${suggestion(key, names)}`;
  }
  if (value === '') return undefined;
  if (entry.type === 'boolean' && !booleans.has(value.toLowerCase())) return `${entry.key} is true or false`;
  if (entry.type === 'integer' && !/^-?\d+$/.test(value)) return `${entry.key} is a whole number`;
  if (entry.type === 'bytes' && !/^\d/.test(value)) return `${entry.key} is a size such as 512MiB`;
  return undefined;
}

function isBelow(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && key.length > prefix.length;
}

const booleans = new Set(['true', 'false', 'yes', 'no', 'on', 'off', '1', '0']);
