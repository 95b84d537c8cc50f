import { BlockList, isIP } from 'node:net';
import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { statusWord } from './record.ts';

export type Filter = (instance: Instance__Output) => boolean;

/**
 * What `yurt list` filters by; all must hold. `web.*`: a regular expression for the whole name, or its beginning.
 * `type= status= architecture= ipv4= ipv6=`: one of several words, addresses also as networks (`10.0.0.0/8`).
 * Any other `key=value`: the expanded configuration, each part of the key may be shortened.
 */
export function parseFilters(words: readonly string[]): Filter {
  const filters = words.map(parseFilter);
  return (instance) => filters.every((filter) => filter(instance));
}

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

/**
 * An expression for the whole text, unless it says itself (`^`, `$`) which part it is for; undefined when it is none. It
 * runs on names and values of bounded length only.
 */
function expression(word: string): RegExp | undefined {
  try {
    return new RegExp(/^\^|\$$/.test(word) ? word : `^(?:${word})$`, 'u');
  } catch {
    return undefined;
  }
}
