import { parseBitRate } from '../base/bit-rate.ts';
import { parseByteSize } from '../base/byte-size.ts';
import { parseBoolean } from '../base/config-key.ts';
import { parseAddress } from '../networks/subnet.ts';

/** Checks of option values: undefined for a good one, otherwise what is allowed. */
export type OptionCheck = (value: string) => string | undefined;

/** The name of a pool or network. */
export const anyName: OptionCheck = (value) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value) ? undefined : 'a name');

/** Names that Linux accepts for a link (net/core/dev.c: dev_valid_name). */
export const interfaceName: OptionCheck = (value) =>
  /^[A-Za-z0-9_.-]{1,15}$/.test(value) && !['.', '..', 'lo'].includes(value)
    ? undefined
    : 'an interface name of at most 15 characters, other than lo';

export const unicastHwaddr: OptionCheck = (value) =>
  /^([0-9a-f][26ae]|[0-9a-f][048c])(:[0-9a-f]{2}){5}$/i.test(value) ? undefined : 'a unicast MAC address';

export const boolean: OptionCheck = (value) => (parseBoolean(value) === undefined ? 'true or false' : undefined);

/** A path that means the same to everybody who reads it. */
export const absolutePath: OptionCheck = (value) =>
  isCleanPath(value) ? undefined : 'an absolute path without empty, "." or ".." parts';

export function isCleanPath(value: string): boolean {
  const [first, ...names] = value.split('/');
  return first === '' && names.every((name) => name !== '' && name !== '.' && name !== '..');
}

/** A path inside that a device may appear on: not one that the system itself hangs on. */
export const pathInside: OptionCheck = (value) => {
  const wrong = absolutePath(value);
  if (wrong !== undefined) return wrong;
  const taken = systemPlaces.test(value);
  return taken ? 'a path other than /dev, /dev/.yurt, and /proc, /sys and what is below them' : undefined;
};

const systemPlaces = /^\/(dev|dev\/\.yurt|(proc|sys)(\/.*)?)$/;

export const byteSize: OptionCheck = (value) =>
  (parseByteSize(value) ?? 0) > 0 ? undefined : 'a size like 512MiB, 2GB or 1048576';

/** The kernel counts in bytes, and what is slower than this passes no packet in a second. */
const leastBitRate = 10_000;

export const bitRate: OptionCheck = (value) =>
  (parseBitRate(value) ?? 0) >= leastBitRate ? undefined : 'a rate from 10kbit on, like 512kbit, 100Mbit or 1Gbit';

/** An address of the family, or none of it. */
export function addressOrNone(family: 4 | 6): OptionCheck {
  return (value) =>
    value === 'none' || parseAddress(value)?.family === family ? undefined : `an IPv${family} address, or none`;
}

export function oneOf(...words: readonly string[]): OptionCheck {
  return (value) => (words.includes(value) ? undefined : `one of ${words.join(', ')}`);
}

export function wholeNumber(least: number, most: number): OptionCheck {
  return (value) =>
    /^\d{1,10}$/.test(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `a whole number from ${least} to ${most}`;
}

export const fileMode: OptionCheck = (value) =>
  /^0?[0-7]{3}$/.test(value) ? undefined : 'three octal digits, as 0660';
