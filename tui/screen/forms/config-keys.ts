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
  if (entry?.type === 'boolean' || entry?.type === 'boolean or bytes') return ['true', 'false'];
  if (entry?.type === 'hard or soft') return ['hard', 'soft'];
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
  const kind = kinds[entry.type];
  return kind === undefined || kind.fits(value) ? undefined : `${entry.key} is ${kind.says}`;
}

function isBelow(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && key.length > prefix.length;
}

const booleans = new Set(['true', 'false', 'yes', 'no', 'on', 'off', '1', '0']);
const isBoolean = (value: string) => booleans.has(value.toLowerCase());
const isAmount = (value: string) => /^\d/.test(value);

/** What can be seen of a value by its type alone: nothing that the server takes is refused. */
const kinds: Readonly<Record<string, { readonly fits: (value: string) => boolean; readonly says: string }>> = {
  boolean: { fits: isBoolean, says: 'true or false' },
  integer: { fits: (value) => /^-?\d+$/.test(value), says: 'a whole number' },
  bytes: { fits: isAmount, says: 'a size such as 512MiB' },
  'bytes or percentage': { fits: isAmount, says: 'a size such as 512MiB, or a share such as 25%' },
  'boolean or bytes': {
    fits: (value) => isBoolean(value) || isAmount(value),
    says: 'true, false or a size such as 512MiB',
  },
  'hard or soft': { fits: (value) => value === 'hard' || value === 'soft', says: 'hard or soft' },
  'percentage or time': { fits: isAmount, says: 'a share such as 25%, or a time such as 25ms/100ms' },
  'number or set of processors': { fits: isAmount, says: 'a number such as 2, or a set such as 0-3 or 0,2' },
  'number, soft:hard or unlimited': {
    fits: (value) => /^(-?\d|unlimited)/.test(value),
    says: 'a number, two as in 1024:4096, or unlimited',
  },
  JSON: { fits: isJson, says: 'JSON' },
};

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
