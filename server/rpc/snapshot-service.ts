import type { Snapshot as SnapshotMessage } from '../../proto/gen/yurt/v1/Snapshot.ts';
import type { SnapshotServiceHandlers } from '../../proto/gen/yurt/v1/SnapshotService.ts';
import { Fault } from '../base/fault.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { Snapshot } from '../snapshots/snapshot.ts';
import type { Snapshots } from '../snapshots/snapshots.ts';
import { encodeOperation } from './encode.ts';
import { encodeSnapshot } from './encode-snapshot.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export interface SnapshotServiceDeps {
  readonly records: InstanceRecords;
  readonly snapshots: Snapshots;
  readonly diskUsage: (snapshot: Snapshot) => Promise<number>;
}

export function snapshotService({
  records,
  snapshots,
  diskUsage,
}: SnapshotServiceDeps): Handlers<SnapshotServiceHandlers> {
  /** One that is removed meanwhile, or whose pool does not answer, does not hide the others. */
  const diskUsageOf = async (snapshot: Snapshot) => await diskUsage(snapshot).catch(() => 0);
  return {
    ListSnapshots: async (_call, request) => {
      const project = projectOf(request);
      const one = request.instance === '' ? undefined : await records.get(project, request.instance);
      const instances = one === undefined ? await records.list(project) : [one];
      const all = Map.groupBy(await snapshots.list(one), ({ instance }) => instance);
      const found = instances.flatMap((each) => (all.get(each.uuid) ?? []).map((one) => [each, one] as const));
      const encoded: SnapshotMessage[] = [];
      for (const [each, one] of found) {
        encoded.push(encodeSnapshot(each, one, request.diskUsage ? await diskUsageOf(one) : 0));
      }
      return { snapshots: encoded };
    },
    GetSnapshot: async (_call, request) => {
      const { project, instance, name } = named(request);
      const snapshot = await snapshots.get(project, instance, name);
      return { snapshot: encodeSnapshot({ name: instance, project }, snapshot, await diskUsage(snapshot)) };
    },
    CreateSnapshot: async (_call, request) => {
      const { name, expiry, noExpiry, reuse } = request;
      if (request.instance === '') throw new Fault('invalid', 'The name of the instance is missing');
      const wanted = { project: projectOf(request), instance: request.instance, name, expiry, noExpiry, reuse };
      const created = await snapshots.create(wanted);
      return { name: created.name, operation: encodeOperation(created.operation) };
    },
    RestoreSnapshot: async (_call, request) => {
      const { project, instance, name } = named(request);
      return { operation: encodeOperation(await snapshots.restore(project, instance, name)) };
    },
    RenameSnapshot: async (_call, request) => {
      const { project, instance, name } = named(request);
      const renamed = await snapshots.rename(project, instance, name, request.newName);
      return { snapshot: encodeSnapshot({ name: instance, project }, renamed) };
    },
    SetSnapshotExpiry: async (_call, request) => {
      const { project, instance, name } = named(request);
      const changed = await snapshots.setExpiry(project, instance, name, request.expiry);
      return { snapshot: encodeSnapshot({ name: instance, project }, changed) };
    },
    DeleteSnapshot: async (_call, request) => {
      const { project, instance, name } = named(request);
      return { operation: encodeOperation(await snapshots.delete(project, instance, name)) };
    },
  };
}

interface Named {
  readonly project: string;
  readonly instance: string;
  readonly name: string;
}

function named(request: Named): Named {
  if (request.instance === '') throw new Fault('invalid', 'The name of the instance is missing');
  if (request.name === '') throw new Fault('invalid', 'The name of the snapshot is missing');
  return { project: projectOf(request), instance: request.instance, name: request.name };
}
