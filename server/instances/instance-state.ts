import type { Log } from '../base/log.ts';
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
  readonly hostName: string;
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
    leases: LeaseCache,
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
      Promise.all(wanted.map((nic) => this.#interface(nic, leases))),
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

  async #interface(nic: InstanceNic, leases: LeaseCache): Promise<InstanceInterface> {
    const { name, hwaddr } = nic.request;
    const found = (await leases.of(nic.network)).filter((lease) => lease.hwaddr === hwaddr);
    const addresses = found.map(({ family, address }) =>
      family === 6
        ? { family: 'inet6' as const, address, prefixLength: 64, scope: 'global' }
        : { family: 'inet' as const, address, prefixLength: 24, scope: 'global' },
    );
    return { name, hwaddr, hostName: '', addresses };
  }
}

/** The leases of each network, read once per listing. */
export class LeaseCache {
  readonly #read: (network: string) => Promise<Lease[]>;
  readonly #cached = new Map<string, Promise<Lease[]>>();

  constructor(read: (network: string) => Promise<Lease[]>) {
    this.#read = read;
  }

  of(network: string): Promise<Lease[]> {
    const cached = this.#cached.get(network) ?? this.#read(network).catch((): Lease[] => []);
    this.#cached.set(network, cached);
    return cached;
  }
}
