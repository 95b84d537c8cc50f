import type { IdMap } from '../base/id-map.ts';
import type { HostFacts } from '../host/host-features.ts';
import { rootCapabilities } from './capabilities.ts';
import { checkSpecInput } from './check-spec-input.ts';
import type { OciDevice, OciMount, OciProcess, OciResources, OciSpec } from './oci-spec.ts';
import { seccompFilter } from './seccomp.ts';
import { agentDirectory, systemMounts } from './system-mounts.ts';

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
  readonly host: HostFacts;
}

/**
 * The specification of a system container: a pure function of its input, which it checks first (Faults: `invalid` for
 * a string that could mean something else to the runtime or to the system inside).
 */
export function buildSpec(input: SpecInput): OciSpec {
  checkSpecInput(input);
  const mapping = [{ containerID: 0, hostID: input.idMap.hostBase, size: input.idMap.size }];
  return {
    ociVersion: '1.0.2',
    process: initProcess(input),
    root: { path: input.rootPath },
    hostname: input.hostname,
    mounts: [
      ...systemMounts,
      ...(input.agentDirectory === undefined ? [] : [agentMount(input.agentDirectory)]),
      ...input.mounts,
    ],
    ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    linux: {
      uidMappings: mapping,
      gidMappings: mapping,
      namespaces: [
        { type: 'user' },
        { type: 'pid' },
        { type: 'mount' },
        { type: 'uts' },
        { type: 'ipc' },
        { type: 'network' },
        { type: 'cgroup' },
      ],
      cgroupsPath: input.cgroupsPath,
      resources,
      devices: input.devices,
      seccomp: seccompFilter(input.host.arch),
      rootfsPropagation: 'private',
      // The kernel guards /proc and /sys itself: what is not of the instance's namespaces belongs to ids that it does not
      // have. Anything mounted over them would also forbid every mount of proc inside (mount_namespaces(7), "fully
      // visible"), which systemd's sandboxing and nested containers need.
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
}

/**
 * A process beside init with the same rights: what an OCI runtime's `exec --process` reads. `env` is complete: nothing
 * of init's environment is added.
 */
export function execProcess(
  init: OciProcess,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): OciProcess {
  return { ...init, terminal: false, args: argv, env: toEnv(env), cwd: '/' };
}

function initProcess(input: SpecInput): OciProcess {
  const hard = Math.min(input.host.maxOpenFiles, maxOpenFilesHard);
  return {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: input.init,
    env: toEnv({ ...baseEnvironment, container_uuid: input.id, ...input.environment }),
    cwd: '/',
    capabilities: rootCapabilities(input.host.lastCapability),
    // What a booted machine has. The server's own soft limit is far higher, and inheriting it makes old programs that
    // loop over all possible descriptors slow and those that use select(2) wrong.
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: Math.min(1024, hard), hard }],
    noNewPrivileges: false, // sudo and su are part of a system
    ...(input.apparmorProfile === undefined ? {} : { apparmorProfile: input.apparmorProfile }),
    // The service manager may protect the server with a negative value, which instances must not inherit.
    oomScoreAdj: Math.max(0, input.host.oomScoreAdj),
  };
}

const maxOpenFilesHard = 524_288;

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

function toEnv(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([key, value]) => `${key}=${value}`);
}
