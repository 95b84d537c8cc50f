import type { Task } from '../base/task.ts';
import type { OciSpec } from './oci-spec.ts';

/** How the init of an instance ended. */
export type ExitReason =
  | { readonly kind: 'powered-off' } // the instance's init called reboot(RB_POWER_OFF or RB_HALT_SYSTEM): conmon says 130
  | { readonly kind: 'rebooted' } // reboot(RB_AUTOBOOT): conmon says 129
  | { readonly kind: 'exited'; readonly status: number } // init exited or was killed: 0-255, 128+signal
  | { readonly kind: 'lost' }; // conmon was killed before, so nobody saw how init ended

/** What is true of a container now, from the kernel and conmon, not from any record of ours. */
export interface ContainerState {
  readonly status: 'created' | 'running' | 'paused' | 'stopped';
  /** Init's pid on the host; 0 when it is stopped. */
  readonly pid: number;
}

export interface CreateContainer {
  /** Container id: the instance's uuid. Names of users never reach the runtime. */
  readonly id: string;
  readonly spec: OciSpec;
  /** Where conmon appends the console's output (k8s-file format). Survives restarts of the container and the server. */
  readonly consoleLogPath: string;
}

export interface ExecInContainer {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors of this process that become 3, 4, … in the new one. */
  readonly fds: readonly number[];
  /**
   * Name of a v2 cgroup directly below the container's own that exists, to start in. Without it the container's own cgroup,
   * or where that takes no processes (a system inside has made cgroups below it) the one of init.
   */
  readonly leaf?: string;
}

/**
 * The only way to crun, runc and conmon. One instance of it per server; it keeps no state that is not on disk, so that
 * a new server finds every container that an old one left.
 *
 * Every method takes the container's id. Faults: `not-found` for an unknown id, `wrong-state`, `unsupported` for a host
 * that lacks something, `internal` with the runtime's own words otherwise.
 */
export interface Runtime {
  readonly engine: { readonly name: 'crun' | 'runc'; readonly version: string; readonly path: string };
  readonly conmonVersion: string;

  /** A container will be created soon: what takes a while in the kernel begins, until the result is disposed of. */
  expectCreate(): Disposable;
  /** Creates bundle, cgroup, namespaces and the waiting init (not yet executed). Undoes itself on failure. */
  create(task: Task, request: CreateContainer): Promise<ContainerState>;
  /** Lets init run. */
  start(task: Task, id: string): Promise<void>;
  /** Undefined when there is no such container. */
  state(id: string): Promise<ContainerState | undefined>;
  /** All container ids that exist on disk or in the kernel for this server, also those that no record knows. */
  list(): Promise<string[]>;
  /** Sends `signal` (number or name as in signal(7), SIGRTMIN+3 too) to init. */
  kill(id: string, signal: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /**
   * Kills what is left of it, also of one that was only half made, and removes container, cgroups (that of the agent
   * too) and bundle. Idempotent. A container that ended must be deleted before its id is created again.
   */
  delete(id: string): Promise<void>;
  /** Resolves when init has ended; remembers ends that came while no server ran. Rejects when `signal` aborts. */
  waitExit(id: string, signal: AbortSignal): Promise<ExitReason>;
  /** Starts a process in the container's namespaces, detached; returns its pid on the host. */
  exec(task: Task, id: string, request: ExecInContainer): Promise<number>;
  /** Bytes typed on the console. Faults: `unavailable` when nobody inside reads them. Output is read from the console log. */
  writeConsole(id: string, data: Uint8Array): Promise<void>;
  resizeConsole(id: string, size: { columns: number; rows: number }): Promise<void>;
  /** `/yurt/DAEMON/ID`: what the specification's `cgroupsPath` must be, relative to the mount of each hierarchy. */
  cgroupOf(id: string): string;
  /** Absolute cgroup paths per hierarchy: `{ unified: '/sys/fs/cgroup/yurt/…' }`, on hybrid hosts also `memory`, `cpu`, … */
  cgroupPaths(id: string): Promise<Readonly<Record<string, string>>>;
}
