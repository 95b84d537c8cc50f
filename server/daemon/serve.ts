import type { ServiceDefinition } from '@grpc/grpc-js';
import { peerCredentials } from '../../native/unix-socket.ts';
import { loadApi } from '../../proto/api.ts';
import { Fault } from '../base/fault.ts';
import { deviceTypes } from '../devices/device-types.ts';
import { environmentOf, instanceKeys, profileKeys } from '../instances/config-keys.ts';
import type { Instance } from '../instances/instance.ts';
import { resourceOf } from '../instances/instance.ts';
import { LeaseCache } from '../instances/instance-state.ts';
import { unmanagedLinks } from '../networks/unmanaged.ts';
import { consoleService } from '../rpc/console-service.ts';
import { eventService } from '../rpc/event-service.ts';
import { execService } from '../rpc/exec-service.ts';
import { localIdentity } from '../rpc/identity.ts';
import { imageService } from '../rpc/image-service.ts';
import { instanceService } from '../rpc/instance-service.ts';
import { type Listening, listen } from '../rpc/listen.ts';
import { networkService } from '../rpc/network-service.ts';
import { operationService } from '../rpc/operation-service.ts';
import { profileService } from '../rpc/profile-service.ts';
import { route } from '../rpc/router.ts';
import { serverService } from '../rpc/server-service.ts';
import { snapshotService } from '../rpc/snapshot-service.ts';
import { storageService } from '../rpc/storage-service.ts';
import { readConsoleLog } from '../runtime/console-log.ts';
import type { Engines } from './engines.ts';
import { agentInstance, checkRunning, diskUsage, expander, type InstanceParts, runningInstance } from './instances.ts';
import { type Base, readOptional } from './server.ts';
import { ServerConfig, serverKeys } from './server-config.ts';

/** All services, on the unix socket. */
export async function serve(
  base: Base,
  engines: Engines,
  parts: InstanceParts,
  shutdown: (timeoutSeconds: number) => void,
): Promise<Listening> {
  const { log, directories } = base;
  const api = loadApi();
  const handlers = {
    ...domainServices(base, engines, parts),
    ServerService: serverFacts(base, engines, parts, shutdown),
  };
  const router = { log, identify: (peer: string) => (peer.startsWith('unix:uid=') ? localIdentity(peer) : undefined) };
  const services = Object.entries(handlers).map(([name, handler]) => {
    const definition = api[`yurt.v1.${name}`] as ServiceDefinition; // named in the API, held by a test
    return { definition, implementation: route(router, definition, handler) };
  });
  const groupId = /^yurt:[^:]*:(\d+):/m.exec(await readOptional('/etc/group'))?.[1];
  return await listen({
    ...{ log, api, services, peerCredentials },
    socketPath: directories.socket,
    groupId: groupId === undefined ? undefined : Number(groupId),
  });
}

function domainServices(base: Base, engines: Engines, parts: InstanceParts) {
  const { records, profiles, expanded, verbs } = parts;
  const { networks, links, pools, images, recipes } = engines;
  const { operations, events } = base;
  const usersOf = async (uses: (instance: Instance) => Promise<boolean>) => {
    const all = await records.list();
    const used = await Promise.all(all.map(uses));
    return all.filter((_instance, index) => used[index]).map(resourceOf);
  };
  const hasDevice = (option: string, value: string) => async (instance: Instance) =>
    Object.values((await expanded(instance)).devices).some((device) => device[option] === value);
  return {
    InstanceService: instanceService({
      ...{ ...parts, instances: verbs, updater: parts.changes.updater, countSnapshots: parts.countSnapshots },
      expander: () => expander(profiles),
      diskUsage: (instance) => diskUsage(engines, instance),
      leases: () => new LeaseCache((network) => networks.driver(network).leases()),
    }),
    SnapshotService: snapshotService({ ...parts, diskUsage: (snapshot) => diskUsage(engines, snapshot) }),
    ExecService: execService({
      booted: async (task, project, name) => {
        await parts.booted(await runningInstance(parts, project, name), task.signal);
      },
      exec: async (task, project, name, command) => {
        const instance = await runningInstance(parts, project, name);
        const holds = await expanded(instance);
        const environment = { ...environmentOf(holds.config), ...command.environment };
        return await engines.agents.exec(task, agentInstance(instance, holds), { ...command, environment });
      },
    }),
    ConsoleService: consoleService(consoleDeps(base, engines, parts)),
    OperationService: operationService(operations),
    EventService: eventService(events),
    ImageService: imageService({
      ...{ images, recipes, operations, events },
      prepare: async (task, fingerprint) => {
        task.report({ stage: 'Unpacking image' });
        for (const pool of pools.drivers()) {
          await pool.createImage(task, fingerprint, (directory) => images.unpack(task, fingerprint, directory));
        }
      },
      discard: async (task, fingerprint) => {
        for (const pool of pools.drivers()) {
          // While an instance stands on its files they stay; a later start of the server removes them.
          await pool.deleteImage(task, fingerprint).catch((error: unknown) => {
            if (Fault.from(error).code !== 'in-use') throw error;
          });
        }
      },
    }),
    ProfileService: profileService({
      ...{ profiles, changes: parts.changes.profileChanges },
      instances: (project) => records.list(project),
    }),
    NetworkService: networkService({
      managed: () => networks.list(),
      unmanaged: async () => await unmanagedNetworks(engines),
      usedBy: (network) => usersOf(hasDevice('network', network)),
    }),
    StorageService: storageService({
      pools: () => pools.list(),
      usedBy: (pool) => usersOf(async (instance) => instance.pool === pool),
    }),
  };

  async function unmanagedNetworks({ networks: managed }: Engines) {
    const names = new Set(managed.list().map(({ record }) => record.name));
    return unmanagedLinks(await links.list(), names, (link) => link.master !== undefined && names.has(link.master));
  }
}

function consoleDeps(base: Base, { runtime }: Engines, parts: InstanceParts) {
  return {
    instance: (project: string, name: string) => parts.records.get(project, name),
    checkRunning: (instance: Instance) => checkRunning(parts, instance),
    output: (instance: Instance, follow: boolean, signal: AbortSignal) =>
      readConsoleLog(`${base.directories.log}/${instance.uuid}/console.log`, {
        ...{ signal, follow },
        ...(follow ? { tailBytes: 0 } : {}),
      }),
    input: (instance: Instance, data: Uint8Array) => runtime.writeConsole(instance.uuid, data),
    resize: (instance: Instance, size: { columns: number; rows: number }) => runtime.resizeConsole(instance.uuid, size),
    ended: (instance: Instance) => parts.supervisor.ended(instance.uuid),
  };
}

function serverFacts(base: Base, engines: Engines, parts: InstanceParts, shutdown: (timeoutSeconds: number) => void) {
  const { features, runtime } = engines;
  return serverService({
    config: new ServerConfig(base.store, base.events),
    keys: { instance: instanceKeys, profile: profileKeys, server: serverKeys },
    deviceTypes,
    facts: {
      name: base.hostName,
      version: base.version,
      kernelVersion: features.kernelVersion,
      architecture: engines.architecture,
      cgroupLayout: features.cgroupLayout,
      runtime: runtime.engine,
      conmonVersion: runtime.conmonVersion,
      features: Object.entries(features.features).map(([name, { present, detail, purpose, remedy }]) => ({
        name,
        present,
        detail: present ? purpose : [detail, remedy].filter((text) => text !== undefined).join(': '),
      })),
      stateDirectory: base.directories.state,
    },
    countInstances: async () => ({
      all: (await parts.records.list()).length,
      running: parts.supervisor.runningUuids().length,
    }),
    shutdown,
  });
}
