import { peerCredentials } from '../../native/unix-socket.ts';
import { expiryOf } from '../base/expiry.ts';
import { deviceTypes } from '../devices/device-types.ts';
import { readLinkTraffic } from '../host/link-traffic.ts';
import { instanceKeys, profileKeys } from '../instances/config-keys.ts';
import type { Instance } from '../instances/instance.ts';
import { resourceOf } from '../instances/instance.ts';
import { NetworkReadings } from '../instances/instance-state.ts';
import { unmanagedLinks } from '../networks/unmanaged.ts';
import { defaultProject, type Feature, hasFeature, homeOf } from '../projects/project.ts';
import { authService } from '../rpc/auth-service.ts';
import { backupService } from '../rpc/backup-service.ts';
import { consoleService } from '../rpc/console-service.ts';
import { dialTransfer } from '../rpc/dial-transfer.ts';
import { eventService } from '../rpc/event-service.ts';
import { execService } from '../rpc/exec-service.ts';
import { fileService } from '../rpc/file-service.ts';
import { Gate } from '../rpc/gate.ts';
import { type ImageServiceDeps, imageService } from '../rpc/image-service.ts';
import { instanceService } from '../rpc/instance-service.ts';
import { listen } from '../rpc/listen.ts';
import { metadataService } from '../rpc/metadata-service.ts';
import { networkService } from '../rpc/network-service.ts';
import { operationService } from '../rpc/operation-service.ts';
import { profileService } from '../rpc/profile-service.ts';
import { type ListRequest, projectOf } from '../rpc/project.ts';
import { projectService } from '../rpc/project-service.ts';
import { type ServerServiceDeps, serverService } from '../rpc/server-service.ts';
import { sessionService } from '../rpc/session-service.ts';
import type { Sight } from '../rpc/sight.ts';
import { snapshotService } from '../rpc/snapshot-service.ts';
import { storageService } from '../rpc/storage-service.ts';
import { transferService } from '../rpc/transfer-service.ts';
import { trustService } from '../rpc/trust-service.ts';
import { readConsoleLog } from '../runtime/console-log.ts';
import { ImageTransfers } from '../transfers/image-transfers.ts';
import { ClientAccess } from '../trust/client-access.ts';
import { Groups } from '../trust/groups.ts';
import { TrustStore } from '../trust/trust-store.ts';
import { openApi } from './api.ts';
import type { Engines } from './engines.ts';
import { execDeps, sessionDeps } from './exec.ts';
import { filesWork } from './files.ts';
import { checkRunning, diskUsage, type InstanceParts } from './instances.ts';
import { processesIn } from './processes.ts';
import { discardImage, projectDeps } from './projects.ts';
import { expander } from './records.ts';
import { RemoteAccess } from './remote-access.ts';
import { type Base, readOptional } from './server.ts';
import { ServerCertificateFiles } from './server-certificate.ts';
import { ServerConfig, serverKeys, serverSetting } from './server-config.ts';

export interface Serving {
  /** Takes no more calls; ends those that are under way after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** All services, on the unix socket and, when the configuration says so, on the network. */
export async function serve(
  base: Base,
  engines: Engines,
  parts: InstanceParts,
  shutdown: (timeoutSeconds: number) => void,
): Promise<Serving> {
  const { log, directories, store, events } = base;
  const checkProject = (name: string) => parts.projects.get(name);
  const { trust, groups } = await openTrust(base, parts);
  const access: ClientAccess = new ClientAccess({
    ...{ trust, groups },
    onReduced: (fingerprint, reason) => peers.drop(fingerprint, reason),
  });
  const { places } = parts.records;
  const gate = new Gate({
    operation: (id) => base.operations.get(id),
    sessionPlace: (id) => places.find(engines.sessions.find(id)?.instance ?? ''),
  });
  const certificate = new ServerCertificateFiles({ log, state: directories.state, hostName: base.hostName });
  const config = new ServerConfig({ store, events, prepare: (wanted) => remote.prepare(addressIn(wanted)) });
  const handlers = {
    ...domainServices(base, engines, parts, gate),
    ServerService: serverFacts(base, engines, parts, {
      ...{ config, shutdown },
      network: () => ({ addresses: remote.addresses, fingerprint: certificate.fingerprint }),
    }),
    AuthService: authService({
      ...{ trust, groups, access, places, checkProject },
      instance: (project, name) => parts.records.get(project, name),
    }),
    TrustService: trustService({
      ...{ trust, groups, certificate: () => certificate.get(), addresses: () => remote.addresses },
      tokenExpiry: async () => expiryOf(serverSetting((await config.get()).config, tokenExpiryKey), new Date()),
    }),
    TransferService: transferService({
      ...transferParts(base, engines, parts),
      own: async () => ({ certificatePem: (await certificate.get()).certificatePem, addresses: remote.addresses }),
      dial: async (peer, signal) => await dialTransfer(await certificate.get(), peer, signal),
      keepPeer: (peer) => peers.keep(peer),
    }),
  };
  const clients = { access, places };
  const { peers, ...servers } = openApi(log, handlers, clients, {
    ...{ checkProject, gate, publish: (audit, project) => events.publish(audit, project) },
  });
  const remote = new RemoteAccess({ log, certificate, peers });
  const groupId = /^yurt:[^:]*:(\d+):/m.exec(await readOptional('/etc/group'))?.[1];
  const local = await listen({
    ...{ log, server: servers.local, peerCredentials, socketPath: directories.socket },
    groupId: groupId === undefined ? undefined : Number(groupId),
  });
  await remote.start(addressIn((await config.get()).config));
  return {
    close: async (graceMs) => {
      local.close();
      remote.stopListening();
      await Promise.all(Object.values(servers).map((server) => server.close(graceMs)));
      remote.close();
    },
  };
}

/** The clients that are trusted, and the groups that they are in. What they have of a project follows its name. */
async function openTrust({ store, events }: Base, { projects }: InstanceParts) {
  const groups = await Groups.open({ store, events });
  const trust = await TrustStore.open({
    ...{ store, events, checkProject: (name: string) => projects.get(name), now: () => new Date() },
    hasGroup: (id) => groups.find(id) !== undefined,
  });
  projects.onNameFreed = async (name, newName) => {
    await groups.projectBecame(name, newName);
    await trust.projectBecame(name, newName);
  };
  return { trust, groups };
}

const tokenExpiryKey = 'core.remote_token_expiry';

function addressIn(config: Readonly<Record<string, string>>): string {
  return serverSetting(config, 'core.https_address');
}

function domainServices(base: Base, engines: Engines, parts: InstanceParts, gate: Gate) {
  const { projects, records, profiles, expanded, verbs } = parts;
  const { networks, links, pools } = engines;
  const { operations, events } = base;
  const usersOf = async (uses: (instance: Instance) => Promise<boolean>, sight: Sight) => {
    const all = (await records.list()).filter(({ project, name }) => sight.role(project, name) !== undefined);
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
      processes: processesIn(engines),
      networks: () =>
        new NetworkReadings({ leases: (network) => networks.driver(network).leases(), traffic: readLinkTraffic }),
    }),
    SnapshotService: snapshotService({ ...parts, diskUsage: (snapshot) => diskUsage(engines, snapshot) }),
    BackupService: backupService(parts.backups),
    ExecService: execService(execDeps(engines, parts)),
    SessionService: sessionService(sessionDeps(engines, parts)),
    MetadataService: metadataService(parts.changes.metadata),
    FileService: fileService({ work: filesWork(engines, parts) }),
    ConsoleService: consoleService(consoleDeps(base, engines, parts)),
    OperationService: operationService(operations),
    EventService: eventService(events, gate),
    ImageService: imageService(imageDeps(base, engines, parts)),
    ProfileService: profileService({
      ...{ profiles, changes: parts.changes.profileChanges },
      home: (project) => projects.home(project, 'profiles'),
      instances: (project) => usersOfProfiles(parts, project),
      homes: listedHomes(parts, 'profiles'),
    }),
    ProjectService: projectService(projectDeps(base, engines, parts)),
    NetworkService: networkService({
      managed: () => networks.list(),
      unmanaged: async () => await unmanagedNetworks(engines),
      usedBy: (network, sight) => usersOf(hasDevice('network', network), sight),
    }),
    StorageService: storageService({
      pools: () => pools.list(),
      usedBy: (pool, sight) => usersOf(async (instance) => instance.pool === pool, sight),
    }),
  };

  async function unmanagedNetworks({ networks: managed }: Engines) {
    const names = new Set(managed.list().map(({ record }) => record.name));
    return unmanagedLinks(await links.list(), names, (link) => link.master !== undefined && names.has(link.master));
  }
}

function imageDeps({ operations, events }: Base, engines: Engines, parts: InstanceParts): ImageServiceDeps {
  const { pools, images, recipes } = engines;
  return {
    ...{ recipes, operations, events, homes: listedHomes(parts, 'images'), publisher: parts.backups.publisher },
    images: async (project) => {
      const home = await parts.projects.home(project, 'images');
      return { home, images: images.of(home) };
    },
    prepare: async (task, fingerprint) => {
      task.report({ stage: 'Unpacking image' });
      for (const pool of pools.drivers()) {
        await pool.createImage(task, fingerprint, (directory) =>
          images.of(defaultProject).unpack(task, fingerprint, directory),
        );
      }
    },
    discard: (task, fingerprint) => discardImage(engines, task, fingerprint),
  };
}

function transferParts(base: Base, engines: Engines, parts: InstanceParts) {
  const { ends, sender, receiver } = parts.backups.transfers;
  const { images, prepare } = imageDeps(base, engines, parts);
  return { ends, sender, receiver, images, imageTransfers: new ImageTransfers({ ...base, ends, prepare }) };
}

/** The projects that have the objects of a kind that a list is to show. */
function listedHomes({ projects }: InstanceParts, feature: Feature) {
  return async (request: ListRequest): Promise<string[]> => {
    if (!request.allProjects) return [await projects.home(projectOf(request), feature)];
    return (await projects.list()).filter((project) => hasFeature(project, feature)).map(({ name }) => name);
  };
}

/** The instances of all projects that use the profiles that `project` uses. */
async function usersOfProfiles({ projects, records }: InstanceParts, project: string): Promise<Instance[]> {
  const home = await projects.home(project, 'profiles');
  const users = (await projects.list()).filter((other) => homeOf(other, 'profiles') === home);
  return (await Promise.all(users.map(({ name }) => records.list(name)))).flat();
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

function serverFacts(
  base: Base,
  engines: Engines,
  parts: InstanceParts,
  own: Pick<ServerServiceDeps, 'config' | 'network' | 'shutdown'>,
) {
  const { features, runtime } = engines;
  return serverService({
    ...own,
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
    countInstances: async (sight) => {
      const running = new Set(parts.supervisor.runningUuids());
      const seen = (await parts.records.list()).filter(({ project, name }) => sight.role(project, name) !== undefined);
      return { all: seen.length, running: seen.filter(({ uuid }) => running.has(uuid)).length };
    },
  });
}
