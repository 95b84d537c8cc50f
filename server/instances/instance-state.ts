import type { Log } from '../base/log.ts';
import type { LinkTraffic } from '../host/link-traffic.ts';
import type { Lease, NetworkDriver } from '../networks/contract.ts';
import type { BootFollower } from './boot-follower.ts';
import type { Expanded, Instance } from './instance.ts';
import type { InstanceLocks } from './instance-locks.ts';
import { type InstanceNic, nicsOf } from './nics.ts';
import type { Supervisor } from './supervisor.ts';

export type Status = 'stopped' | 'starting' | 'running' | 'stopping' | 'frozen' | 'error';

/** What one run of an instance uses now, from its cgroups. */
export interface Resources {
  readonly memoryBytes: number;
  readonly memoryPeakBytes: number;
  readonly memoryLimitBytes: number;
  readonly cpuNanoseconds: number;
  readonly processes: number;
}

export interface InstanceInterface {
  readonly name: string;
  readonly hwaddr: string;
  /** Empty while the network has none for it. */
  readonly hostName: string;
  /** Bytes of the largest packet. */
  readonly mtu: number;
  /** As the instance sees it. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly addresses: readonly { family: 'inet' | 'inet6'; address: string; prefixLength: number; scope: string }[];
}

/** What of a run to read: each costs something. */
export interface StateParts {
  readonly network: boolean;
  readonly resources: boolean;
}

export interface RunState {
  readonly pid: number;
  readonly startedAt: Date;
  readonly ready: boolean;
  readonly initState: string;
  /** Empty unless it was asked for. */
  readonly network: readonly InstanceInterface[];
  readonly resources: Resources | undefined;
}

export interface StateDeps {
  readonly log: Log;
  readonly locks: InstanceLocks;
  readonly supervisor: Supervisor;
  readonly follower: BootFollower;
  readonly hwaddr: (uuid: string, device: string) => string;
  readonly network: (name: string) => NetworkDriver;
  readonly pid: (uuid: string) => Promise<number | undefined>;
  readonly resources: (uuid: string) => Promise<Resources>;
}

/** What is true of instances now; never enters them, so that no instance can hold up a listing. */
export class InstanceStates {
  readonly #deps: StateDeps;
  readonly #pids = new Map<string, { readonly startedAt: string; readonly pid: number }>();

  constructor(deps: StateDeps) {
    this.#deps = deps;
  }

  status(instance: Instance): Status {
    const verb = this.#deps.locks.current(instance.project, instance.name);
    const live = this.#deps.supervisor.status(instance.uuid);
    if (live === 'ending') return 'stopping';
    if (live === 'stopped') return verb === 'started' || verb === 'restarted' ? 'starting' : 'stopped';
    if (verb === 'stopped' || verb === 'restarted') return 'stopping';
    return live === 'paused' ? 'frozen' : 'running';
  }

  /** Undefined when it does not run. */
  async run(
    instance: Instance,
    expanded: Expanded,
    networks: NetworkReadings,
    parts: StateParts,
  ): Promise<RunState | undefined> {
    const { supervisor, follower, hwaddr } = this.#deps;
    const live = supervisor.status(instance.uuid);
    if (live !== 'running' && live !== 'paused') {
      this.#pids.delete(instance.uuid);
      return undefined;
    }
    const wanted = parts.network ? nicsOf(instance, expanded, hwaddr) : [];
    const [pid, network, resources] = await Promise.all([
      this.#pid(instance),
      Promise.all(wanted.map((nic) => this.#interface(nic, networks))),
      parts.resources ? this.#deps.resources(instance.uuid) : undefined,
    ]);
    if (pid === undefined) return undefined;
    const { ready, initState } = follower.state(instance.uuid);
    return { pid, startedAt: new Date(instance.startedAt), ready, initState, network, resources };
  }

  /** The pid of a run never changes: it is read once per run. */
  async #pid({ uuid, startedAt }: Instance): Promise<number | undefined> {
    const known = this.#pids.get(uuid);
    if (known?.startedAt === startedAt) return known.pid;
    const pid = await this.#deps.pid(uuid);
    if (pid !== undefined) this.#pids.set(uuid, { startedAt, pid });
    return pid;
  }

  async #interface({ network, request }: InstanceNic, networks: NetworkReadings): Promise<InstanceInterface> {
    const { name, hwaddr, mtu = usualMtu } = request;
    const [leases, traffic, hostName = ''] = await Promise.all([
      networks.leases(network),
      networks.traffic(),
      this.#hostLink(network, request),
    ]);
    const found = leases.filter((lease) => lease.hwaddr === hwaddr);
    const addresses = found.map(({ family, address }) =>
      family === 6
        ? { family: 'inet6' as const, address, prefixLength: 64, scope: 'global' }
        : { family: 'inet' as const, address, prefixLength: 24, scope: 'global' },
    );
    // What the host's end has sent is what has come to the instance.
    const { receivedBytes: sentBytes = 0, sentBytes: receivedBytes = 0 } = traffic.get(hostName) ?? {};
    return { name, hwaddr, hostName, mtu, receivedBytes, sentBytes, addresses };
  }

  /** Undefined too when its network is not there any more: an instance is listed all the same. */
  async #hostLink(network: string, request: InstanceNic['request']): Promise<string | undefined> {
    try {
      return await this.#deps.network(network).hostLink(request);
    } catch {
      return undefined;
    }
  }
}

/** What the kernel gives a link that nobody chose a size for. */
const usualMtu = 1500;

/** The leases of each network and the traffic of all links, read once per listing. */
export class NetworkReadings {
  readonly #read: {
    readonly leases: (network: string) => Promise<Lease[]>;
    readonly traffic: () => Promise<ReadonlyMap<string, LinkTraffic>>;
  };
  readonly #leases = new Map<string, Promise<Lease[]>>();
  #traffic: Promise<ReadonlyMap<string, LinkTraffic>> | undefined;

  constructor(read: {
    readonly leases: (network: string) => Promise<Lease[]>;
    readonly traffic: () => Promise<ReadonlyMap<string, LinkTraffic>>;
  }) {
    this.#read = read;
  }

  leases(network: string): Promise<Lease[]> {
    const cached = this.#leases.get(network) ?? this.#read.leases(network).catch((): Lease[] => []);
    this.#leases.set(network, cached);
    return cached;
  }

  /** By the links' names. */
  traffic(): Promise<ReadonlyMap<string, LinkTraffic>> {
    this.#traffic ??= this.#read.traffic();
    return this.#traffic;
  }
}
