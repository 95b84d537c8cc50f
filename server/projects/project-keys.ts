import { parseByteSize } from '../base/byte-size.ts';
import { type ConfigKey, checkBoolean, integerBetween } from '../base/config-key.ts';
import { restrictions } from './restrictions.ts';

const checkSize = (value: string) => (parseByteSize(value) === undefined ? 'a size such as 10GiB' : undefined);
const checkAbsent = (value: string) => (/^(false|0|no|off)$/i.test(value) ? undefined : 'false');

/** Every configuration key of a project. */
export const projectKeys: readonly ConfigKey[] = [
  feature('images', 'images and their aliases'),
  feature('profiles', 'profiles'),
  feature('storage.volumes', 'custom storage volumes'),
  ...(['networks', 'networks.zones', 'storage.buckets'] as const).map((name) => ({
    key: `features.${name}`,
    type: 'boolean',
    default: 'false',
    live: false,
    doc: 'Only `false`: all projects share what there is of these.',
    check: checkAbsent,
  })),
  limit('instances', 'integer', 'The most instances.', integerBetween(0, 1_000_000)),
  limit('containers', 'integer', 'The most system containers, which all instances are.', integerBetween(0, 1_000_000)),
  limit('virtual-machines', 'integer', 'The most virtual machines; there are none.', integerBetween(0, 1_000_000)),
  limit('cpu', 'integer', 'The most CPUs that all instances may have together.', integerBetween(0, 1_000_000)),
  limit('memory', 'bytes', 'The most memory that all instances may have together.', checkSize),
  limit('processes', 'integer', 'The most processes of all instances together.', integerBetween(0, 1_000_000_000)),
  limit('disk', 'bytes', 'The most disk space of all root disks together.', checkSize),
  limit('disk.pool.*', 'bytes', 'The same in one storage pool; 0 forbids it.', checkSize),
  {
    key: 'restricted',
    type: 'boolean',
    default: 'false',
    live: true,
    doc: 'Whether the keys `restricted.*` hold, those that are not set with their defaults.',
    check: checkBoolean,
  },
  ...restrictions.map(({ key, type, default: unset, doc, check }) => ({
    ...{ key, type, default: unset, live: true, doc, check },
  })),
  {
    key: 'user.*',
    type: 'string',
    default: '',
    live: true,
    doc: 'Anything; yurt stores it and does not read it.',
    check: () => undefined,
  },
];

function feature(name: string, what: string): ConfigKey {
  return {
    key: `features.${name}`,
    type: 'boolean',
    default: 'true',
    live: false,
    doc: `Whether the project has ${what} of its own; otherwise it uses those of the project \`default\`. Fixed while it has instances or such objects.`,
    check: checkBoolean,
  };
}

function limit(name: string, type: string, doc: string, check: ConfigKey['check']): ConfigKey {
  return { key: `limits.${name}`, type, default: '', live: true, doc, check };
}
