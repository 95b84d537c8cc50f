import { Fault } from './fault.ts';
import { suggestion } from './nearest.ts';

/** One configuration key: validation, documentation and completion all follow from this entry. */
export interface ConfigKey {
  /** The key; with a final `*`, all keys of that prefix. */
  readonly key: string;
  /** What values look like, for messages and documentation: `bytes`, `integer`, `boolean`, `string`. */
  readonly type: string;
  /** What holds when it is not set. */
  readonly default: string;
  /** Whether a change takes effect while the instance runs. */
  readonly live: boolean;
  readonly doc: string;
  /** Undefined for a good value, otherwise what is allowed. */
  readonly check: (value: string) => string | undefined;
  /** Of a key with a `*`: undefined for a good name in its place, otherwise why it cannot be set. */
  readonly checkName?: (name: string) => string | undefined;
}

export const maxConfigValueBytes = 64 * 1024;
export const maxConfigKeys = 1000;
const maxConfigKeyBytes = 255;

/** Refuses unknown keys and wrong values, naming key, value and what is allowed. Fault `invalid`. */
export function checkConfig(table: readonly ConfigKey[], config: Readonly<Record<string, string>>): void {
  const entries = Object.entries(config);
  if (entries.length > maxConfigKeys) throw new Fault('invalid', `More than ${maxConfigKeys} configuration keys`);
  for (const [key, value] of entries) {
    checkKeyName(key);
    const known = findKey(table, key);
    if (known === undefined)
      throw new Fault('invalid', `Unknown configuration key "${key}"${suggestion(key, likeliest(table, key))}`);
    const unfit = known.checkName?.(key.slice(known.key.length - 1));
    if (unfit !== undefined) throw new Fault('invalid', `Cannot set ${key}: ${unfit}`);
    const allowed =
      Buffer.byteLength(value) > maxConfigValueBytes ? `at most ${maxConfigValueBytes} bytes` : known.check(value);
    if (allowed !== undefined) {
      throw new Fault('invalid', `Invalid value "${value.slice(0, 80)}" for ${key}: must be ${allowed}`);
    }
  }
}

/** What a key may be called at all: it is shown in tables and messages. */
function checkKeyName(key: string): void {
  if (Buffer.byteLength(key) <= maxConfigKeyBytes && checkLine(key) === undefined) return;
  throw new Fault(
    'invalid',
    `Invalid configuration key "${key.slice(0, 80)}": it is one line of at most ${maxConfigKeyBytes} bytes without control characters`,
  );
}

/** The keys of a table as they could have been meant: those with a `*` with what stands in its place in `key`. */
function likeliest(table: readonly ConfigKey[], key: string): string[] {
  const parts = key.split('.');
  return table.map((known) => {
    const fixed = known.key.split('.').length - 1;
    const rest = parts.slice(fixed).join('.');
    return known.key.endsWith('.*') && rest !== '' ? `${known.key.slice(0, -1)}${rest}` : known.key;
  });
}

/** An empty value is not stored: it means the same as none. */
export function withoutEmpty(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

export function findKey(table: readonly ConfigKey[], key: string): ConfigKey | undefined {
  return table.find((entry) =>
    entry.key.endsWith('*')
      ? key.startsWith(entry.key.slice(0, -1)) && key.length >= entry.key.length
      : entry.key === key,
  );
}

export function checkBoolean(value: string): string | undefined {
  return parseBoolean(value) === undefined ? 'true or false' : undefined;
}

/** The spellings of the field: true/false, 1/0, yes/no, on/off. Undefined for anything else. */
export function parseBoolean(value: string): boolean | undefined {
  if (/^(true|1|yes|on)$/i.test(value)) return true;
  if (/^(false|0|no|off)$/i.test(value)) return false;
  return undefined;
}

/** A check for whole numbers from `least` to `most`. */
export function integerBetween(least: number, most: number): (value: string) => string | undefined {
  return (value) => {
    const number = Number(value);
    const good = /^-?\d{1,15}$/.test(value) && number >= least && number <= most;
    return good ? undefined : `a whole number from ${least} to ${most}`;
  };
}

/** One line of text without control characters: safe in environments and generated files. */
export function checkLine(value: string): string | undefined {
  return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(value) ? 'one line without control characters' : undefined;
}
