import type { Snapshot__Output } from '../../proto/gen/yurt/v1/Snapshot.ts';
import { devicesRecord } from '../instances/record.ts';
import { dateOf, isoOf } from '../output/units.ts';

/** A snapshot as `show`, `-f json` and `-f yaml` print it: names as in the field. */
export function snapshotRecord(snapshot: Snapshot__Output): Record<string, unknown> {
  return {
    name: snapshot.name,
    instance: snapshot.instance,
    project: snapshot.project,
    uuid: snapshot.uuid,
    created_at: isoOf(dateOf(snapshot.createdAt)),
    expires_at: snapshot.expiresAt === null ? null : isoOf(dateOf(snapshot.expiresAt)),
    stateful: snapshot.stateful,
    size: snapshot.diskUsageBytes,
    description: snapshot.description,
    architecture: snapshot.architecture,
    ephemeral: snapshot.ephemeral,
    profiles: snapshot.profiles,
    config: snapshot.config,
    devices: devicesRecord(snapshot.devices),
    image: { fingerprint: snapshot.imageFingerprint, description: snapshot.imageDescription },
  };
}
