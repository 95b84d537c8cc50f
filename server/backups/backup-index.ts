import { stringify } from 'yaml';
import { Fault } from '../base/fault.ts';
import { parseYamlText, type YamlValue, yamlLimits } from '../images/yaml-text.ts';
import { checkInstanceName } from '../instances/name.ts';
import { checkSnapshotName, type Kept, maxSnapshots } from '../snapshots/snapshot.ts';
import { type DiskIds, parseDiskIds } from './disk-ids.ts';

/** What `backup/index.yaml` says: docs/reference/backup-format.md. */
export interface BackupIndex {
  readonly name: string;
  readonly instance: Kept;
  /** How the owners of its files are shifted, if they are. */
  readonly diskIds?: DiskIds;
  /** The oldest first. */
  readonly snapshots: readonly BackupSnapshot[];
}

export interface BackupSnapshot {
  readonly name: string;
  /** ISO 8601; `expiresAt` may be empty: never. */
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly kept: Kept;
  readonly diskIds?: DiskIds;
}

const format = 'yurt-backup-1';
export const indexName = 'backup/index.yaml';
export const maxIndexBytes = yamlLimits.maxBytes;

/** Fault `exhausted` for more than a reader takes. */
export function formatIndex({ name, instance, snapshots }: BackupIndex): string {
  const document = {
    ...{ format, name, instance: instance },
    snapshots: snapshots.map((each) => ({
      ...{ name: each.name, created_at: each.createdAt, expires_at: each.expiresAt, instance: each.kept },
    })),
  };
  const text = stringify(document, {
    ...{
      defaultStringType: 'QUOTE_DOUBLE',
      defaultKeyType: 'QUOTE_DOUBLE',
      aliasDuplicateObjects: false,
      lineWidth: 0,
    },
  });
  if (Buffer.byteLength(text) > maxIndexBytes) {
    throw new Fault('exhausted', `Its snapshots are described by more than ${maxIndexBytes} bytes: leave them out`);
  }
  return text;
}

/** Reads the hostile index of yurt's format or of LXD's. Faults: `invalid`, `unsupported`. */
export function parseIndex(text: string): BackupIndex {
  const document = mapping(parseYamlText('The index of the backup', text), 'the index');
  const foreign = document.get('config');
  const index = foreign === undefined ? ownIndex(document) : foreignIndex(document, mapping(foreign, 'config'));
  checkInstanceName(index.name);
  if (index.snapshots.length > maxSnapshots) throw bad(`it has more than ${maxSnapshots} snapshots`);
  for (const { name } of index.snapshots) checkSnapshotName(name);
  if (new Set(index.snapshots.map(({ name }) => name)).size !== index.snapshots.length) {
    throw bad('it has two snapshots of one name');
  }
  return index;
}

function ownIndex(document: Mapping): BackupIndex {
  const found = text(document, 'format');
  if (found !== format) {
    throw new Fault('unsupported', `The backup has the format ${JSON.stringify(found.slice(0, 40))}, not ${format}`);
  }
  return {
    name: text(document, 'name'),
    instance: keptOf(mapping(document.get('instance'), 'instance')),
    snapshots: list(document, 'snapshots').map((each) => {
      const snapshot = mapping(each, 'a snapshot');
      return { ...head(document, snapshot), kept: keptOf(mapping(snapshot.get('instance'), 'a snapshot')) };
    }),
  };
}

/**
 * What `lxc export` writes: the configuration is below `config`, every snapshot is one with a name and dates. Files belong to whom
 * they belong to on its disk.
 */
function foreignIndex(document: Mapping, config: Mapping): BackupIndex {
  if (text(document, 'optimized') === 'true') {
    throw new Fault(
      'unsupported',
      'The backup is in the format of a storage driver: export without --optimized-storage',
    );
  }
  if (text(document, 'type') === 'virtual-machine') {
    throw new Fault('unsupported', 'The backup is of a virtual machine, and yurt runs containers');
  }
  const snapshots = config.get('snapshots') === '' ? [] : list(config, 'snapshots');
  const instance = keptOf(mapping(config.get('container') ?? config.get('instance'), 'config.container'));
  return {
    ...{ name: text(document, 'name'), instance, ...diskIdsOf(instance) },
    snapshots: snapshots.map((each) => {
      const snapshot = mapping(each, 'a snapshot');
      const kept = keptOf(snapshot);
      return { ...head(document, snapshot), kept, ...diskIdsOf(kept) };
    }),
  };
}

function diskIdsOf({ config }: Kept): { diskIds?: DiskIds } {
  const diskIds = parseDiskIds(config['volatile.last_state.idmap'] ?? '');
  return diskIds === undefined ? {} : { diskIds };
}

function head(document: Mapping, snapshot: Mapping): Omit<BackupSnapshot, 'kept' | 'diskIds'> {
  const name = text(snapshot, 'name');
  const prefix = `${text(document, 'name')}/`; // some write `web/snap0`
  const expires = date(text(snapshot, 'expires_at'));
  return {
    name: name.startsWith(prefix) ? name.slice(prefix.length) : name,
    createdAt: date(text(snapshot, 'created_at')) || new Date(0).toISOString(),
    expiresAt: expires < '1970-01-02' ? '' : expires,
  };
}

function keptOf(from: Mapping): Kept {
  const image = from.get('image');
  const config = texts(from, 'config');
  const about = image instanceof Map ? image : new Map<string, YamlValue>();
  const fingerprint = text(about, 'fingerprint') || (config['volatile.base_image'] ?? '');
  return {
    architecture: text(from, 'architecture'),
    description: text(from, 'description').slice(0, 4096),
    ephemeral: text(from, 'ephemeral') === 'true',
    profiles: list(from, 'profiles').filter((each) => typeof each === 'string'),
    config,
    devices: Object.fromEntries(
      [...mapping(from.get('devices') ?? '', 'devices')].map(([name, device]) => [
        ...[name, Object.fromEntries(pairs(mapping(device, 'a device')))],
      ]),
    ),
    image: { fingerprint, description: text(about, 'description') || (config['image.description'] ?? '') },
  };
}

type Mapping = ReadonlyMap<string, YamlValue>;

function mapping(value: YamlValue | undefined, what: string): Mapping {
  if (value instanceof Map) return value;
  if (value === '') return new Map();
  throw bad(`${what} is not a mapping`);
}

function list(from: Mapping, key: string): readonly YamlValue[] {
  const value = from.get(key) ?? '';
  if (Array.isArray(value)) return value;
  if (value === '') return [];
  throw bad(`${key} is not a list`);
}

function text(from: Mapping, key: string): string {
  const value = from.get(key) ?? '';
  if (typeof value !== 'string') throw bad(`${key} is not text`);
  return value;
}

function texts(from: Mapping, key: string): Record<string, string> {
  return Object.fromEntries(pairs(mapping(from.get(key) ?? '', key)));
}

function pairs(from: Mapping): [string, string][] {
  return [...from.keys()].filter((key) => key !== '__proto__').map((key) => [key, text(from, key)]);
}

function date(value: string): string {
  const time = Date.parse(value);
  return Number.isNaN(time) ? '' : new Date(time).toISOString();
}

function bad(reason: string): Fault {
  return new Fault('invalid', `The index of the backup cannot be used: ${reason}`);
}
