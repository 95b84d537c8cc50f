import { type IdMap, type IdRange, rangesOf } from '../base/id-map.ts';
import type { DeviceAccess } from '../host/device-filter.ts';
import { systemNodes } from '../host/device-nodes.ts';
import type { HostFacts } from '../host/host-features.ts';
import { privilegedCapabilities, rootCapabilities } from './capabilities.ts';
import { checkSpecInput } from './check-spec-input.ts';
import type { OciDevice, OciIdMapping, OciMount, OciProcess, OciResources, OciSpec } from './oci-spec.ts';
import { initRlimits, type Rlimits, usualRlimits } from './rlimits.ts';
import { type SyscallPolicy, seccompFilter } from './seccomp.ts';
import { agentDirectory, nestingMounts, systemMounts } from './system-mounts.ts';

export interface SpecInput {
  /** The instance's uuid. */
  readonly id: string;
  readonly hostname: string;
  readonly idMap: IdMap;
  /** Absolute path of the mounted root on the host. */
  readonly rootPath: string;
  /** `['/sbin/init']` for most. */
  readonly init: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `/yurt/DAEMON/INSTANCE`, the same in every hierarchy. */
  readonly cgroupsPath: string;
  /** Nodes of the host that appear inside under the same path (`/dev/fuse`, `/dev/net/tun`), and those of devices. */
  readonly devices: readonly OciDevice[];
  /** Mounts of devices, and the files of lxcfs; applied in this order after those of the system. */
  readonly mounts: readonly OciMount[];
  /** Directory of the agent on the host; appears read-only at `/dev/.yurt`. */
  readonly agentDirectory?: string;
  readonly apparmorProfile?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** -1000 to 1000: proc_pid_oom_score_adj(5). */
  readonly oomScoreAdj?: number;
  readonly rlimits?: Rlimits;
  /** By dotted name. */
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly syscalls?: SyscallPolicy;
  /** Whole proc and sysfs for containers inside. */
  readonly nesting?: boolean;
  /** No user namespace: ids inside are those of the host. */
  readonly privileged?: boolean;
  /** Devices that a privileged instance may open besides those of a system. */
  readonly access?: readonly DeviceAccess[];
  readonly host: HostFacts;
}

/**
 * The specification of a system container: a pure function of its input, which it checks first (Faults: `invalid` for
 * a string that could mean something else to the runtime or to the system inside).
 */
export function buildSpec(input: SpecInput): OciSpec {
  checkSpecInput(input);
  const { privileged = false, nesting = false, sysctls = {} } = input;
  const { users, groups } = rangesOf(input.idMap);
  return {
    ociVersion: '1.0.2',
    process: initProcess(input),
    root: { path: input.rootPath },
    hostname: input.hostname,
    mounts: [
      ...systemMounts,
      ...(nesting ? nestingMounts : []),
      ...(input.agentDirectory === undefined ? [] : [agentMount(input.agentDirectory)]),
      ...input.mounts,
    ],
    ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    linux: {
      ...(privileged ? {} : { uidMappings: users.map(mapping), gidMappings: groups.map(mapping) }),
      namespaces: [
        ...(privileged ? [] : [{ type: 'user' } as const]),
        { type: 'pid' },
        { type: 'mount' },
        { type: 'uts' },
        { type: 'ipc' },
        { type: 'network' },
        { type: 'cgroup' },
      ],
      cgroupsPath: input.cgroupsPath,
      ...(Object.keys(sysctls).length === 0 ? {} : { sysctl: sysctls }),
      resources: privileged ? privilegedResources(input.access ?? []) : resources,
      devices: input.devices,
      seccomp: seccompFilter(input.host.arch, input.syscalls),
      rootfsPropagation: 'private',
      // The kernel guards /proc and /sys itself: what is not of the instance's namespaces belongs to ids that it does not
      // have. Anything mounted over them would also forbid every mount of proc inside (mount_namespaces(7), "fully
      // visible"), which systemd's sandboxing and nested containers need.
      maskedPaths: privileged ? hiddenFromPrivileged : [],
      readonlyPaths: privileged ? readonlyForPrivileged : [],
    },
  };
}

function mapping({ inside, outside, size }: IdRange): OciIdMapping {
  return { containerID: inside, hostID: outside, size };
}

/**
 * A process beside init with the same rights: what an OCI runtime's `exec --process` reads. `env` is complete: nothing
 * of init's environment is added, and none of the limits that `limits.kernel.*` set for what init starts: the agent, which
 * is the first that is run so, could not live within all of them.
 */
export function execProcess(
  init: OciProcess,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  host: HostFacts,
): OciProcess {
  return { ...init, rlimits: usualRlimits(host), terminal: false, args: argv, env: toEnv(env), cwd: '/' };
}

function initProcess(input: SpecInput): OciProcess {
  return {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: input.init,
    env: toEnv({ ...baseEnvironment, container_uuid: input.id, ...input.environment }),
    cwd: '/',
    capabilities: input.privileged
      ? privilegedCapabilities(input.host.lastCapability, input.host.capabilities)
      : rootCapabilities(input.host.lastCapability),
    rlimits: initRlimits(input.host, input.rlimits ?? {}),
    noNewPrivileges: false, // sudo and su are part of a system
    ...(input.apparmorProfile === undefined ? {} : { apparmorProfile: input.apparmorProfile }),
    oomScoreAdj: input.oomScoreAdj ?? usualOomScore(input.host),
  };
}

/** The service manager may protect the server with a negative value, which instances must not inherit. */
function usualOomScore(host: HostFacts): number {
  return Math.max(0, host.oomScoreAdj);
}

/**
 * `container` tells init what it runs in (systemd.io/CONTAINER_INTERFACE). Any value makes systemd leave the hardware alone;
 * OpenRC, sysvinit scripts and cloud-init ask for names that they know, and `lxc` is the one that stands for a whole
 * system that owns its devices directory, network and shutdown: which is what an instance is. `container_uuid` becomes
 * the machine id of a root that has none.
 */
const baseEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  TERM: 'linux',
  container: 'lxc',
};

function agentMount(source: string): OciMount {
  return { destination: agentDirectory, type: 'bind', source, options: ['bind', 'ro', 'nosuid', 'nodev'] };
}

/**
 * A user namespace can make no device node, file systems that it mounts have none, and the root is mounted nodev: the
 * nodes inside are those that were bound there. So hot-plugging one is a mount and no change of a filter. Limits are no
 * part of the specification: they are files of the cgroup, written the same way at the start and later.
 */
const resources: OciResources = { devices: [{ allow: true, access: 'rwm' }] };

/**
 * Without a user namespace the kernel would let root inside make a node of any device. The nodes of a system, and FUSE and
 * tun; `m` alone lets archives with other nodes be unpacked, which then cannot be opened.
 */
function privilegedResources(access: readonly DeviceAccess[]): OciResources {
  return {
    devices: [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', access: 'm' },
      { allow: true, type: 'b', access: 'm' },
      ...systemNodes.map((numbers) => ({ allow: true, type: 'c' as const, ...numbers, access: 'rwm' })),
      { allow: true, type: 'c', major: 136, access: 'rwm' }, // devpts
      ...access.map(({ nodeType, ...numbers }) => ({ allow: true, type: nodeType, ...numbers, access: 'rw' })),
    ],
  };
}

/** Settings of the host that its root may write: proc(5). */
const readonlyForPrivileged = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus', '/proc/fs', '/proc/acpi'];
const hiddenFromPrivileged = ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/scsi', '/sys/firmware'];

function toEnv(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([key, value]) => `${key}=${value}`);
}
