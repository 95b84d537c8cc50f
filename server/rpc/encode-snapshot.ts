import type { Snapshot as SnapshotMessage } from '../../proto/gen/yurt/v1/Snapshot.ts';
import type { Instance } from '../instances/instance.ts';
import type { Snapshot } from '../snapshots/snapshot.ts';
import { encodeDevices, encodeTime } from './encode.ts';

export function encodeSnapshot(
  { name, project }: Pick<Instance, 'name' | 'project'>,
  snapshot: Snapshot,
  diskUsageBytes = 0,
): SnapshotMessage {
  const { kept } = snapshot;
  return {
    name: snapshot.name,
    instance: name,
    project,
    uuid: snapshot.uuid,
    createdAt: encodeTime(snapshot.createdAt),
    expiresAt: encodeTime(snapshot.expiresAt),
    stateful: false,
    description: kept.description,
    architecture: kept.architecture,
    ephemeral: kept.ephemeral,
    profiles: [...kept.profiles],
    config: kept.config,
    devices: encodeDevices(kept.devices),
    imageFingerprint: kept.image.fingerprint,
    imageDescription: kept.image.description,
    diskUsageBytes,
  };
}
