import { BlockList, isIP } from 'node:net';
import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import { suggestion } from '../arguments/nearest.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { statusWord } from './record.ts';

export type Filter = (instance: Instance__Output) => boolean;

export interface Filters {
  readonly matches: Filter;
  /** Whether addresses of instances are looked at. */
  readonly needsNetwork: boolean;
  /** Keys of the configuration that are looked at, each part of one possibly shortened. */
  readonly configKeys: readonly string[];
}

/** More is a mistake. */
const maxFilters = 100;

/**
 * What `yurt list` filters by; all must hold. `web.*`: a regular expression for the whole name, or its beginning.
 * `type= status= architecture= ipv4= ipv6=`: one of several words, addresses also as networks (`10.0.0.0/8`).
 * Any other `key=value`: the expanded configuration, each part of the key may be shortened.
 */
export function parseFilters(words: readonly string[]): Filters {
  if (words.length > maxFilters) throw new UsageError(`More than ${maxFilters} filters`);
  const filters = words.map(parseFilter);
  const keys = words.filter((word) => word.includes('=')).map((word) => word.slice(0, word.indexOf('=')));
  return {
    matches: (instance) => filters.every((filter) => filter(instance)),
    needsNetwork: keys.some((key) => key === 'ipv4' || key === 'ipv6'),
    configKeys: keys.filter((key) => key.includes('.')),
  };
}

/** Keys that are no keys of the configuration; those all have a dot. */
const shorthands = ['type', 'status', 'state', 'architecture', 'ipv4', 'ipv6'];

function parseFilter(word: string): Filter {
  const split = word.indexOf('=');
  if (split < 0) return byName(word);
  const key = word.slice(0, split);
  const value = word.slice(split + 1);
  const words = value.toLowerCase().split(',');
  if (key === 'type')
    return ({ ephemeral }) => words.includes('container') || (ephemeral && words.includes('ephemeral'));
  if (key === 'status' || key === 'state') return ({ status }) => words.includes(statusWord(status).toLowerCase());
  if (key === 'architecture') return ({ architecture }) => words.includes(architecture.toLowerCase());
  if (key === 'ipv4' || key === 'ipv6') return byAddress(key, words);
  if (!key.includes('.')) throw new UsageError(`Unknown filter "${key}"${suggestion(key, shorthands)}`);
  return byConfig(key, value);
}

function byName(word: string): Filter {
  const pattern = expression(word);
  return ({ name }) => name.startsWith(word) || pattern?.test(name) === true;
}

function byConfig(key: string, value: string): Filter {
  const pattern = expression(value);
  return ({ expandedConfig }) =>
    Object.entries(expandedConfig).some(
      ([name, text]) => isAbbreviation(key, name) && (text === value || pattern?.test(text) === true),
    );
}

/** Whether `s.privileged` stands for `security.privileged`: as many parts, each a beginning. */
function isAbbreviation(short: string, name: string): boolean {
  const parts = short.split('.');
  const full = name.split('.');
  return parts.length === full.length && parts.every((part, index) => full[index]?.startsWith(part) === true);
}

function byAddress(family: 'ipv4' | 'ipv6', words: readonly string[]): Filter {
  const list = new BlockList();
  for (const word of words) {
    const [address = '', prefix] = word.split('/');
    const bits = family === 'ipv4' ? 32 : 128;
    const size = prefix === undefined ? bits : Number(prefix);
    if (isIP(address) !== (family === 'ipv4' ? 4 : 6) || !(Number.isInteger(size) && size >= 0 && size <= bits)) {
      throw new UsageError(
        `Invalid ${family} filter "${word}": it is an address or a network like ${family === 'ipv4' ? '10.0.0.0/8' : 'fd00::/8'}`,
      );
    }
    list.addSubnet(address, size, family);
  }
  return ({ state }) =>
    (state?.network ?? []).some(({ addresses }) =>
      addresses.some(
        ({ family: kind, address }) => kind === (family === 'ipv4' ? 'inet' : 'inet6') && list.check(address, family),
      ),
    );
}

/** A longer expression is a mistake. */
const maxExpressionLength = 256;
/** Names have at most 63 characters; of a longer value, as much as an expression of that length can sensibly be about. */
const maxTextLength = 4096;

/**
 * An expression for the whole text, unless it says itself (`^`, `$`) which part it is for; undefined when it is none. It
 * is run here, in the process of whoever wrote it, never by the server. One that would backtrack for ever is handed over
 * to V8's engine of linear time; that one knows no unicode sets, hence no `u`.
 */
function expression(word: string): { test(text: string): boolean } | undefined {
  if (word.length > maxExpressionLength) {
    throw new UsageError(`The expression ${word.slice(0, 20)}… is longer than ${maxExpressionLength} characters`);
  }
  // Loaded here alone: it takes milliseconds, and most lists have no expression.
  process.getBuiltinModule('node:v8').setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  try {
    const pattern = new RegExp(/^\^|\$$/.test(word) ? word : `^(?:${word})$`);
    return { test: (text) => pattern.test(text.slice(0, maxTextLength)) };
  } catch {
    return undefined;
  }
}
