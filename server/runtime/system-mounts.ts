import type { HostFeatures } from '../host/host-features.ts';
import type { OciMount } from './oci-spec.ts';

/** Where the agent's files appear inside: below /dev, because that is a file system of ours in every root. */
export const agentDirectory = '/dev/.yurt';

/**
 * The file systems that every init expects. All belong to the instance's user namespace, so that the kernel decides what
 * its root may write: in /proc/sys the settings of its own network, UTS and IPC namespaces, in /sys the links of its own
 * network namespace, in /sys/fs/cgroup what is below its own cgroup.
 */
export const systemMounts: readonly OciMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  // Read-only, which is how network managers and systemd recognise that nobody here runs udev for them: with a writable
  // /sys and no udev, systemd-networkd waits for it for ever (systemd.io/CONTAINER_INTERFACE).
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  // Always a clean v2 tree: on a hybrid host its limits are kept from outside by the v1 controllers.
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup2',
    source: 'cgroup2',
    options: ['nosuid', 'noexec', 'nodev', 'relatime', 'rw'],
  },
  // The runtime fills it with null, zero, full, random, urandom, tty, console and the links ptmx, fd, stdin, ….
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=512k', 'nr_inodes=8192'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5', 'max=1024'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'nodev', 'mode=1777'],
  },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  // Not left to init: what a previous boot has left in /run of the root must not be seen by one that does not mount it.
  { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'strictatime', 'mode=755'] },
];

/**
 * For containers inside. The kernel lets a new user namespace mount proc and sysfs only where whole ones are mounted
 * already (mount_namespaces(7), "fully visible"), and the files of lxcfs cover parts of /proc. These whole ones are out of
 * everybody's way, where the field has them.
 */
export const nestingMounts: readonly OciMount[] = [
  { destination: '/dev/.lxc/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/dev/.lxc/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
];

/**
 * What an instance gets from a host that has it: FUSE, tun (nodes of the server's own in `nodes`, see DeviceNodes) and the
 * files of lxcfs.
 */
export function hostParts({ features }: HostFeatures, nodes: string): OciMount[] {
  return [
    ...(features.fuse.present ? [nodeMount('/dev/fuse', `${nodes}/fuse`)] : []),
    ...(features.tun.present ? [nodeMount('/dev/net/tun', `${nodes}/tun`)] : []),
    ...(features.lxcfs.present ? lxcfsFiles.map(lxcfsMount) : []),
  ];
}

function nodeMount(destination: string, source: string): OciMount {
  return { destination, type: 'bind', source, options: ['bind', 'nosuid', 'noexec'] };
}

const lxcfsFiles = ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'stat', 'swaps', 'uptime'];

function lxcfsMount(name: string): OciMount {
  return {
    destination: `/proc/${name}`,
    type: 'bind',
    source: `/var/lib/lxcfs/proc/${name}`,
    options: ['bind', 'nosuid', 'nodev', 'noexec'],
  };
}
