/** From the domains' types to messages. One function per message, nothing else. */
import type { Event as EventMessage } from '../../proto/gen/yurt/v1/Event.ts';
import type { Instance as InstanceMessage } from '../../proto/gen/yurt/v1/Instance.ts';
import type { InstanceState as InstanceStateMessage } from '../../proto/gen/yurt/v1/InstanceState.ts';
import type { InstanceStatus } from '../../proto/gen/yurt/v1/InstanceStatus.ts';
import type { Operation as OperationMessage } from '../../proto/gen/yurt/v1/Operation.ts';
import type { OperationStatus } from '../../proto/gen/yurt/v1/OperationStatus.ts';
import type { Profile as ProfileMessage } from '../../proto/gen/yurt/v1/Profile.ts';
import type { Devices } from '../devices/device.ts';
import type { Event } from '../events/event.ts';
import type { Expanded, Instance } from '../instances/instance.ts';
import type { RunState, Status } from '../instances/instance-state.ts';
import { instanceEtag } from '../instances/update-instance.ts';
import type { OperationStatus as OperationStatusName, OperationView } from '../operations/operation.ts';
import { type Profile, profileEtag } from '../profiles/profile.ts';

export function encodeTime(time: Date | string): { seconds: number; nanos: number } | null {
  const milliseconds = typeof time === 'string' ? Date.parse(time) : time.getTime();
  if (Number.isNaN(milliseconds)) return null;
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
}

const operationStatuses: Readonly<Record<OperationStatusName, OperationStatus>> = {
  running: 'OPERATION_STATUS_RUNNING',
  canceling: 'OPERATION_STATUS_CANCELING',
  succeeded: 'OPERATION_STATUS_SUCCEEDED',
  failed: 'OPERATION_STATUS_FAILED',
  canceled: 'OPERATION_STATUS_CANCELED',
};

export function encodeOperation(operation: OperationView): OperationMessage {
  const { progress, result } = operation;
  return {
    id: operation.id,
    kind: operation.kind,
    description: operation.description,
    status: operationStatuses[operation.status],
    cancelable: operation.cancelable,
    createdAt: encodeTime(operation.createdAt),
    updatedAt: encodeTime(operation.updatedAt),
    resources: [...operation.resources],
    project: operation.project,
    ...(progress === undefined
      ? {}
      : {
          progress: {
            stage: progress.stage,
            done: progress.done ?? 0,
            total: progress.total ?? 0,
            unit: progress.unit ?? 'items',
          },
        }),
    ...(operation.fault === undefined ? {} : { fault: operation.fault }),
    ...(result === undefined ? {} : { result: { ...result, warnings: [...(result.warnings ?? [])] } }),
  };
}

export function encodeEvent(event: Event, cursor: string): EventMessage {
  const head = { cursor, time: encodeTime(event.time), project: event.project };
  const { payload } = event;
  switch (payload.type) {
    case 'lifecycle':
      return { ...head, lifecycle: { action: payload.action, source: payload.source, context: payload.context } };
    case 'operation':
      return { ...head, operation: encodeOperation(payload.operation) };
    case 'audit': {
      const { caller, fingerprint, method, subject, result } = payload;
      return { ...head, audit: { caller, fingerprint, method, subject, result } };
    }
    case 'logging':
      return { ...head, logging: { level: payload.level, message: payload.message, fields: payload.fields } };
  }
}

const instanceStatuses: Readonly<Record<Status, InstanceStatus>> = {
  stopped: 'INSTANCE_STATUS_STOPPED',
  starting: 'INSTANCE_STATUS_STARTING',
  running: 'INSTANCE_STATUS_RUNNING',
  stopping: 'INSTANCE_STATUS_STOPPING',
  frozen: 'INSTANCE_STATUS_FROZEN',
  error: 'INSTANCE_STATUS_ERROR',
};

export interface InstanceView {
  readonly instance: Instance;
  readonly expanded: Expanded;
  readonly status: Status;
  readonly run?: RunState | undefined;
  readonly snapshotCount?: number;
  /** Only where it was asked for: it is measured by a walk. */
  readonly diskUsageBytes?: number | undefined;
}

export function encodeInstance(view: InstanceView): InstanceMessage {
  const { instance, expanded } = view;
  return {
    ...encodeInstanceState(view),
    etag: instanceEtag(instance),
    config: instance.config,
    devices: encodeDevices(instance.devices),
    expandedConfig: expanded.config,
    expandedDevices: encodeDevices(expanded.devices),
  };
}

/** All but configuration and devices. */
export function encodeInstanceState({
  instance,
  status,
  run,
  diskUsageBytes,
  snapshotCount = 0,
}: InstanceView): InstanceMessage {
  return {
    name: instance.name,
    project: instance.project,
    uuid: instance.uuid,
    description: instance.description,
    status: instanceStatuses[status],
    architecture: instance.architecture,
    ephemeral: instance.ephemeral,
    profiles: [...instance.profiles],
    createdAt: encodeTime(instance.createdAt),
    lastUsedAt: encodeTime(instance.lastUsedAt),
    imageFingerprint: instance.image.fingerprint,
    imageDescription: instance.image.description,
    snapshotCount,
    ...(diskUsageBytes === undefined ? {} : { diskUsageBytes }),
    ...(run === undefined ? {} : { state: encodeRun(run, diskUsageBytes) }),
  };
}

function encodeRun(run: RunState, diskUsageBytes = 0): InstanceStateMessage {
  return {
    pid: run.pid,
    startedAt: encodeTime(run.startedAt),
    ready: run.ready,
    initState: run.initState,
    network: run.network.map((nic) => ({
      name: nic.name,
      hostName: nic.hostName,
      hwaddr: nic.hwaddr,
      state: 'up',
      mtu: nic.mtu,
      receivedBytes: nic.receivedBytes,
      sentBytes: nic.sentBytes,
      addresses: [...nic.addresses],
    })),
    ...(run.resources === undefined
      ? {}
      : {
          memoryUsageBytes: run.resources.memoryBytes,
          memoryPeakBytes: run.resources.memoryPeakBytes,
          memoryLimitBytes: run.resources.memoryLimitBytes,
          cpuUsageNanoseconds: run.resources.cpuNanoseconds,
          processCount: run.resources.processes,
        }),
    diskUsageBytes,
  };
}

export function encodeProfile(profile: Profile, usedBy: readonly string[]): ProfileMessage {
  return {
    name: profile.name,
    project: profile.project,
    description: profile.description,
    config: profile.config,
    devices: encodeDevices(profile.devices),
    usedBy: [...usedBy],
    etag: profileEtag(profile),
  };
}

export function encodeDevices(devices: Devices): Record<string, { options: Record<string, string> }> {
  return Object.fromEntries(Object.entries(devices).map(([name, options]) => [name, { options }]));
}
