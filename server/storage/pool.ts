import { type ConfigKey, checkConfig, checkLine } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';

/** A storage pool as recorded. */
export interface StoragePool {
  readonly name: string;
  readonly driver: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
}

/** Keys that every driver has. */
export const poolKeys: readonly ConfigKey[] = [
  {
    key: 'source',
    type: 'string',
    default: '',
    live: false,
    doc: 'The absolute path of the directory that holds the pool: empty, or a pool already.',
    check: checkSource,
  },
  {
    key: 'user.*',
    type: 'string',
    default: '',
    live: true,
    doc: 'Anything, for the user.',
    check: () => undefined,
  },
];

const maxPathBytes = 512;

/** Fault `invalid`. */
export function checkPoolName(name: string): void {
  const good = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name);
  const rule = 'must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or a digit';
  if (!good)
    throw new Fault('invalid', `Invalid name of a storage pool ${JSON.stringify(name.slice(0, 80))}: it ${rule}`);
}

/** Checks a pool that is to be recorded against the keys of its driver. Fault `invalid`. */
export function checkPool(pool: StoragePool, keys: readonly ConfigKey[]): void {
  checkPoolName(pool.name);
  if (checkLine(pool.description) !== undefined) throw new Fault('invalid', 'The description must be one line');
  checkConfig(keys, pool.config);
}

/** For `Collection`: a record as it was stored. */
export function parsePool(value: unknown): StoragePool {
  const pool = value as StoragePool; // what was stored was a StoragePool; the fields that code relies on are checked below
  const texts = [pool.name, pool.driver, pool.description];
  if (texts.some((text) => typeof text !== 'string') || typeof pool.config !== 'object' || pool.config === null) {
    throw new TypeError('not a storage pool');
  }
  return pool;
}

/** The kernel resolves it once for every mount: no `..`, no control characters, and room below for our own names. */
function checkSource(value: string): string | undefined {
  const names = value.split('/').slice(1);
  const plain = names.every((name) => name !== '' && name !== '.' && name !== '..');
  const good = value.startsWith('/') && plain && Buffer.byteLength(value) <= maxPathBytes;
  return good && checkLine(value) === undefined
    ? undefined
    : `an absolute path without "." and "..", such as /srv/yurt`;
}
