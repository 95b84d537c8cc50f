import { Fault } from '../../server/base/fault.ts';
import { DeviceFilterInMemory } from '../../server/host/device-filter-in-memory.ts';
import { DeviceNodesInMemory } from '../../server/host/device-nodes-in-memory.ts';
import { DeviceRunsInMemory } from '../../server/host/device-runs-in-memory.ts';
import { FirewallInMemory } from '../../server/host/firewall-in-memory.ts';
import { InstanceMountsInMemory } from '../../server/host/instance-mounts-in-memory.ts';
import { RelaysInMemory } from '../../server/host/relays-in-memory.ts';
import type { SourceTemplates } from '../../server/instances/templates/instance-metadata.ts';
import type { NetworkDriver, NicRequest } from '../../server/networks/contract.ts';
import type { ContainerState, ExitReason, Runtime } from '../../server/runtime/contract.ts';
import type { StorageDriver } from '../../server/storage/contract.ts';

/**
 * A kernel, a pool, a network and a runtime in memory. Every effect counts, and the one that `failAt` names fails: so a
 * test can make each step of an action fail in turn and compare what is left.
 */
export class FakeWorld {
  readonly images = new Set<string>();
  readonly volumes = new Set<string>();
  /** What snapshots have kept; one is a line of `snapshot()` too. */
  readonly snapshots = new Set<string>();
  readonly mounts = new Set<string>();
  readonly links = new Set<string>();
  /** Of links, what they keep to. */
  readonly nicRules = new Map<string, string>();
  readonly containers = new Map<string, ContainerState>();
  readonly agents = new Set<string>();
  /** Those of the image that instances are made from. */
  imageTemplates: SourceTemplates | undefined;
  effects = 0;
  failAt = 0;
  /** The effect at which the server is killed: neither it nor anything later happens, not even an undo. */
  dieAt = 0;
  dead = false;
  readonly #make = (what: string) => this.#effect(what);
  readonly #remove = () => this.#effect('remove');
  readonly instanceMounts = new InstanceMountsInMemory(this.#make, this.#remove);
  readonly deviceNodes = new DeviceNodesInMemory(this.#make, this.#remove);
  readonly deviceFilter = new DeviceFilterInMemory(this.#make, this.#remove);
  readonly relays = new RelaysInMemory(this.#make, this.#remove);
  readonly firewall = new FirewallInMemory((what) => (what.startsWith('remove') ? this.#remove() : this.#effect(what)));
  readonly deviceRuns = new DeviceRunsInMemory(this.#make, this.#remove);
  readonly #exits = new Map<string, PromiseWithResolvers<ExitReason>>();

  /** What exists, as readable lines. */
  snapshot(): string[] {
    return [
      ...[...this.volumes].map((id) => `volume ${id}`),
      ...[...this.snapshots].map((id) => `snapshot ${id}`),
      ...[...this.mounts].map((id) => `mount ${id}`),
      ...[...this.links].map((id) => `link ${id}${this.nicRules.get(id) ?? ''}`),
      ...this.instanceMounts.list().map((target) => `mount inside on ${target}`),
      ...this.relays.list().map((cgroup) => `relay ${cgroup}`),
      ...[...this.firewall.tables.keys()].map((table) => `firewall table ${table.replace(/[0-9a-f]{16}$/, 'ID')}`),
      ...[...this.frozenAgents].map((id) => `still agent of ${id}`),
      ...this.deviceNodes.list().map((path) => `node ${path}`),
      ...[...this.deviceFilter.allowed].map((device) => `access to ${device}`),
      ...[...this.containers].map(([id, { status }]) => `container ${id} ${status}`),
    ].sort();
  }

  /** Lets the init of a running instance end. */
  exit(id: string, reason: ExitReason): void {
    const state = this.containers.get(id);
    if (state !== undefined) this.containers.set(id, { ...state, status: 'stopped' });
    this.#exit(id).resolve(reason);
  }

  readonly storage: StorageDriver = {
    name: 'fake',
    open: async () => {},
    close: async () => {},
    repair: async () => {},
    createImage: async (_task, fingerprint, fill) => {
      this.#effect('create image');
      await fill('/fake');
      this.images.add(fingerprint);
    },
    deleteImage: async (_task, fingerprint) => void this.images.delete(fingerprint),
    hasImage: async (fingerprint) => this.images.has(fingerprint),
    createInstance: async (_task, id) => {
      this.#effect('create volume');
      this.volumes.add(id);
    },
    copyInstance: async (_task, id, { frozen }) => {
      await (frozen ?? ((work) => work()))(async () => this.#effect('copy volume'));
      this.volumes.add(id);
    },
    fillInstance: async (_task, id, _idMap, fill) => {
      this.#effect('fill volume');
      await fill(`/fake/${id}`);
      this.volumes.add(id);
    },
    rebuildInstance: async () => this.#effect('rebuild volume'),
    deleteInstance: async (_task, id) => {
      this.#expectAlive();
      this.volumes.delete(id);
    },
    createSnapshot: async (_task, id, { frozen }) => {
      await (frozen ?? ((work) => work()))(async () => this.#effect('create snapshot'));
      this.snapshots.add(id);
    },
    deleteSnapshot: async (_task, id) => {
      this.#expectAlive();
      this.snapshots.delete(id);
    },
    restoreSnapshot: async () => this.#effect('restore snapshot'),
    readSnapshot: async (_task, id, use) => {
      this.#effect('read snapshot');
      return await use(`/fake/${id}`);
    },
    mountInstance: async (_task, id) => {
      this.#effect('mount');
      this.mounts.add(id);
      return { path: `/fake/${id}` };
    },
    unmountInstance: async (id) => {
      this.#expectAlive();
      this.mounts.delete(id);
    },
    instanceUsage: async () => ({ usedBytes: 0 }),
    poolUsage: async () => ({ usedBytes: 0 }),
  };

  readonly network: NetworkDriver = {
    up: async () => {},
    down: async () => {},
    attach: async (_task, nic) => {
      this.#effect('attach');
      this.links.add(linkOf(nic));
      return { hostName: 'h' };
    },
    check: async ({ ipv4 }) => {
      if (ipv4?.startsWith('192.') === true) throw new Fault('invalid', `ipv4.address ${ipv4} is not of the network`);
    },
    enter: async (_task, _prepared, nic) => {
      this.#effect('enter');
      this.#setRules(nic);
    },
    adjust: async (_task, nic) => {
      this.#effect('adjust');
      this.#setRules(nic);
    },
    holds: async () => true,
    reservedAddress: async (nic) => (this.links.has(linkOf(nic)) ? '10.1.2.3' : undefined),
    hostLink: async (nic) => (this.links.has(linkOf(nic)) ? 'h' : undefined),
    detach: async (_task, nic) => {
      this.#remove();
      this.links.delete(linkOf(nic));
      this.nicRules.delete(linkOf(nic));
    },
    status: () => ({ status: 'created' }),
    repair: async () => {},
    leases: async () => [],
    watchLeases: () => {},
    [Symbol.asyncDispose]: async () => {},
  };

  readonly limits = {
    checkHost: async () => {},
    start: async () => this.#effect('limit'),
    adopt: async () => {},
    release: async () => {},
  };

  /** What writes the templates of an instance that starts. */
  readonly templates = { write: async () => this.#effect('write templates') };
  /** Agents that are held still. */
  readonly frozenAgents = new Set<string>();
  readonly agentFreezer = {
    freeze: async (id: string) => {
      this.#effect('freeze agent');
      this.frozenAgents.add(id);
    },
    thaw: async (id: string) => {
      this.#effect('thaw agent');
      this.frozenAgents.delete(id);
    },
  };

  readonly runtime: Runtime = {
    expectCreate: () => ({ [Symbol.dispose]: () => {} }),
    engine: { name: 'crun', version: '1.0', path: '/usr/bin/crun' },
    conmonVersion: '2.0',
    create: async (_task, { id }) => {
      this.#effect('create container');
      const state: ContainerState = { status: 'created', pid: 4711 };
      this.containers.set(id, state);
      return state;
    },
    start: async (_task, id) => {
      this.#effect('start container');
      this.containers.set(id, { status: 'running', pid: 4711 });
    },
    state: async (id) => this.containers.get(id),
    list: async () => [...this.containers.keys()],
    kill: async (id, signal) => {
      this.#effect('kill');
      this.exit(id, signal === 'SIGKILL' ? { kind: 'exited', status: 137 } : { kind: 'powered-off' });
    },
    pause: async (id) => {
      this.#effect('pause');
      this.containers.set(id, { status: 'paused', pid: 4711 });
    },
    resume: async (id) => {
      this.#effect('resume');
      this.containers.set(id, { status: 'running', pid: 4711 });
    },
    delete: async (id) => {
      this.containers.delete(id);
      this.#exits.delete(id);
    },
    waitExit: async (id, signal) => {
      const aborted = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => aborted.reject(new Fault('canceled', 'aborted')), { once: true });
      return await Promise.race([this.#exit(id).promise, aborted.promise]);
    },
    exec: async () => 1,
    writeConsole: async () => {},
    resizeConsole: async () => {},
    cgroupOf: (id) => `/yurt/fake/${id}`,
    cgroupPaths: async () => ({}),
  };

  #setRules(nic: NicRequest): void {
    const rules = JSON.stringify({ ipv4: nic.ipv4, ...nic.rules });
    if (rules === '{}') this.nicRules.delete(linkOf(nic));
    else this.nicRules.set(linkOf(nic), ` ${rules}`);
  }

  #effect(what: string): void {
    this.effects += 1;
    if (this.effects === this.dieAt) this.dead = true;
    this.#expectAlive();
    if (this.effects === this.failAt) throw new Fault('exhausted', `no space to ${what}`);
  }

  #expectAlive(): void {
    if (this.dead) throw new Fault('internal', 'the server was killed');
  }

  #exit(id: string): PromiseWithResolvers<ExitReason> {
    const known = this.#exits.get(id);
    if (known !== undefined) return known;
    const fresh = Promise.withResolvers<ExitReason>();
    this.#exits.set(id, fresh);
    return fresh;
  }
}

function linkOf(nic: Pick<NicRequest, 'instanceId' | 'name'>): string {
  return `${nic.instanceId}/${nic.name}`;
}
