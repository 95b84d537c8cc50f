import type { CreateInstanceRequest__Output } from '../../proto/gen/yurt/v1/CreateInstanceRequest.ts';
import type { InstanceServiceHandlers } from '../../proto/gen/yurt/v1/InstanceService.ts';
import type { ListInstancesRequest__Output } from '../../proto/gen/yurt/v1/ListInstancesRequest.ts';
import type { StatePart__Output } from '../../proto/gen/yurt/v1/StatePart.ts';
import type { StopInstanceRequest__Output } from '../../proto/gen/yurt/v1/StopInstanceRequest.ts';
import { Fault } from '../base/fault.ts';
import { checkKeyNames } from '../base/key-name.ts';
import type { GuestProcesses } from '../host/guest-processes.ts';
import { instanceKeys } from '../instances/config-keys.ts';
import type { CreateRequest } from '../instances/create-instance.ts';
import type { Expanded, Instance } from '../instances/instance.ts';
import type { InstanceMoves } from '../instances/instance-moves.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { InstanceStates, NetworkReadings, StateParts } from '../instances/instance-state.ts';
import type { Instances } from '../instances/instances.ts';
import type { InstanceUpdater } from '../instances/update-instance.ts';
import { decodeDevices } from './decode.ts';
import { encodeInstance, encodeInstanceState, encodeOperation, type InstanceView } from './encode.ts';
import { encodeProcess } from './encode-process.ts';
import { moveHandlers } from './instance-moves.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export interface InstanceServiceDeps {
  readonly instances: Instances;
  readonly updater: InstanceUpdater;
  readonly moves: InstanceMoves;
  readonly records: InstanceRecords;
  readonly states: InstanceStates;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  /** Expands many instances, reading each of their profiles once. */
  readonly expander: () => (instance: Instance) => Promise<Expanded>;
  readonly diskUsage: (instance: Instance) => Promise<number>;
  /** Of one instance, or of each by its uuid. */
  readonly countSnapshots: (uuid?: string) => Promise<ReadonlyMap<string, number>>;
  readonly networks: () => NetworkReadings;
  /** What runs in it now. */
  readonly processes: (instance: Instance) => Promise<GuestProcesses>;
}

/** What to look at besides the record. */
interface Look extends StateParts {
  readonly disk: boolean;
  /** Undefined: not at the state at all. */
  readonly networks: NetworkReadings | undefined;
}

interface Named {
  readonly name: string;
  readonly project: string;
}

export function instanceService(deps: InstanceServiceDeps): Handlers<InstanceServiceHandlers> {
  const { instances, records } = deps;
  const view = async (instance: Instance, expanded: Expanded, look: Look): Promise<InstanceView> => {
    const { networks } = look;
    const [run, diskUsageBytes] = await Promise.all([
      networks === undefined ? undefined : deps.states.run(instance, expanded, networks, look),
      look.disk ? deps.diskUsage(instance) : undefined,
    ]);
    return { instance, expanded, status: deps.states.status(instance), run, diskUsageBytes };
  };
  return {
    ListInstances: async (_call, request) => {
      checkKeyNames(instanceKeys, request.configKeys);
      const look = lookOf(request, deps.networks);
      const found = await records.list(request.allProjects ? undefined : projectOf(request));
      const visible = found.filter(({ phase }) => phase === 'ready');
      const expanded = deps.expander();
      const counts = await deps.countSnapshots();
      const views = await Promise.all(
        visible.map(async (instance) => ({
          ...(await view(instance, await expanded(instance), look)),
          snapshotCount: counts.get(instance.uuid) ?? 0,
        })),
      );
      const encode = request.withoutConfig ? encodeInstanceState : encodeInstance;
      return { instances: views.map((seen) => encode(seen)) };
    },
    GetInstance: async (_call, request) => {
      const instance = await records.get(projectOf(request), named(request).name);
      const look = request.withoutState ? nothing : everything(deps.networks());
      const seen = await view(instance, await deps.expanded(instance), look);
      const counts = await deps.countSnapshots(instance.uuid);
      return { instance: encodeInstance({ ...seen, snapshotCount: counts.get(instance.uuid) ?? 0 }) };
    },
    ListProcesses: async (_call, request) => {
      const instance = await records.get(projectOf(request), named(request).name);
      const { processes, truncated } = await deps.processes(instance);
      return { processes: processes.map(encodeProcess), truncated };
    },
    CreateInstance: async (_call, request) => {
      const { name, operation } = await instances.create(createRequest(request), request.start);
      return { name, operation: encodeOperation(operation) };
    },
    UpdateInstance: async (call, request) => {
      const task = { signal: call.signal, log: call.log, report() {} };
      const { name, etag, description, ephemeral, profiles, config } = named(request);
      const devices = decodeDevices(request.devices);
      const content = { description, ephemeral, profiles, config, devices };
      const instance = await deps.updater.update(task, { project: projectOf(request), name, etag, ...content });
      return { instance: encodeInstance(await view(instance, await deps.expanded(instance), nothing)) };
    },
    StartInstance: async (_call, request) => begun(await instances.start(projectOf(request), named(request).name)),
    StopInstance: async (_call, request) =>
      begun(await instances.stop(projectOf(request), named(request).name, stopRequest(request))),
    RestartInstance: async (_call, request) =>
      begun(await instances.restart(projectOf(request), named(request).name, stopRequest(request))),
    PauseInstance: async (_call, request) => begun(await instances.pause(projectOf(request), named(request).name)),
    ResumeInstance: async (_call, request) => begun(await instances.resume(projectOf(request), named(request).name)),
    ...moveHandlers(deps.moves, async (instance) => view(instance, await deps.expanded(instance), nothing)),
    DeleteInstance: async (_call, request) =>
      begun(await instances.delete(projectOf(request), named(request).name, request.force)),
  };
}

function everything(networks: NetworkReadings): Look {
  return { network: true, resources: true, disk: true, networks };
}

const nothing: Look = { network: false, resources: false, disk: false, networks: undefined };

function lookOf(request: ListInstancesRequest__Output, networks: () => NetworkReadings): Look {
  const { withoutState, stateParts } = request;
  if (withoutState) return nothing;
  const wants = (part: StatePart__Output) => stateParts.length === 0 || stateParts.includes(part);
  return {
    network: wants('STATE_PART_NETWORK'),
    resources: wants('STATE_PART_RESOURCES'),
    disk: stateParts.includes('STATE_PART_DISK'),
    networks: networks(),
  };
}

function begun(operation: Parameters<typeof encodeOperation>[0]): { operation: ReturnType<typeof encodeOperation> } {
  return { operation: encodeOperation(operation) };
}

function named<Request extends Named>(request: Request): Request {
  if (request.name === '') throw new Fault('invalid', 'The name of the instance is missing');
  return request;
}

const maxStopTimeoutSeconds = 86_400;

function stopRequest(request: StopInstanceRequest__Output): { force: boolean; timeoutSeconds: number } {
  const { force, timeoutSeconds } = request;
  if (timeoutSeconds < 0 || timeoutSeconds > maxStopTimeoutSeconds) {
    throw new Fault('invalid', `The timeout must be between 0 and ${maxStopTimeoutSeconds} seconds`);
  }
  return { force, timeoutSeconds };
}

function createRequest(request: CreateInstanceRequest__Output): CreateRequest {
  const profiles = request.noProfiles ? [] : request.profiles.length === 0 ? ['default'] : request.profiles;
  return {
    name: request.name,
    project: projectOf(request),
    image: request.image,
    description: request.description,
    ephemeral: request.ephemeral,
    profiles,
    config: request.config,
    devices: decodeDevices(request.devices),
  };
}
