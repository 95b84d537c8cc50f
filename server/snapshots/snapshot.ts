import { Fault } from '../base/fault.ts';
import type { Instance } from '../instances/instance.ts';

/** What of an instance a snapshot keeps, besides its root. */
export type Kept = Pick<
  Instance,
  'architecture' | 'description' | 'ephemeral' | 'profiles' | 'config' | 'devices' | 'image'
>;

/** A snapshot as recorded. Its root is in the pool of the instance, under `uuid`. */
export interface Snapshot {
  readonly uuid: string;
  /** The uuid of its instance. */
  readonly instance: string;
  readonly name: string;
  readonly pool: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601; empty: never. */
  readonly expiresAt: string;
  /** As that of an instance: what is not ready, the next server removes. */
  readonly phase: Instance['phase'];
  readonly kept: Kept;
}

/** Beyond this many a listing of an instance helps nobody, and a schedule has gone wrong. */
export const maxSnapshots = 1000;

/** Fault `invalid`. */
export function checkSnapshotName(name: string): void {
  const rule = 'must be 1 to 63 letters, digits, ".", "_", ":" or "-", and begin with a letter or a digit';
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,62}$/.test(name)) {
    throw new Fault('invalid', `Invalid name of a snapshot ${JSON.stringify(name.slice(0, 80))}: it ${rule}`);
  }
}

export function keptOf(instance: Instance): Kept {
  const { architecture, description, ephemeral, profiles, config, devices, image } = instance;
  return { architecture, description, ephemeral, profiles, config, devices, image };
}

/** `instance/web/snap0`. */
export function snapshotResource(instance: Pick<Instance, 'name'>, snapshot: Pick<Snapshot, 'name'>): string {
  return `instance/${instance.name}/${snapshot.name}`;
}

export function parseSnapshot(value: unknown): Snapshot {
  const snapshot = value as Snapshot; // written by this server only; the fields that everything hangs on are checked
  const { uuid, instance, name, pool, kept } = snapshot;
  if ([uuid, instance, name, pool].some((text) => typeof text !== 'string') || typeof kept?.config !== 'object') {
    throw new TypeError('not a snapshot');
  }
  return snapshot;
}
