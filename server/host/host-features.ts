import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Cgroups } from './cgroups.ts';

/** Something that the host has or lacks. */
export interface HostFeature {
  readonly present: boolean;
  /** What it is for, in the words of `yurt info`. */
  readonly purpose: string;
  /** Where it was found, or why it does not count as present. */
  readonly detail: string;
  /** What brings it, when it is missing and something can. */
  readonly remedy?: string;
}

/** Numbers of the host and of the server's own process that instances depend on. */
export interface HostFacts {
  /** As `process.arch`. */
  readonly arch: string;
  /** /proc/sys/kernel/cap_last_cap. */
  readonly lastCapability: number;
  /** The server's own hard limit of open files: nothing above it can be given. */
  readonly maxOpenFiles: number;
  /** The server's own oom_score_adj: lowering it takes a capability that a server in a container lacks. */
  readonly oomScoreAdj: number;
  readonly memoryBytes: number;
  /** The server's own hard limits by the words of setrlimit(2) in small letters (`nofile`); absent: unlimited. */
  readonly rlimits: Readonly<Record<string, number>>;
  /** What the server itself may do: a bit for each of capabilities(7). One in a container lacks some. */
  readonly capabilities: bigint;
}

export interface HostFeatures {
  /** As uname(2) says. */
  readonly kernelVersion: string;
  readonly cgroupLayout: Cgroups['layout'];
  readonly facts: HostFacts;
  readonly features: Readonly<Record<FeatureName, HostFeature>>;
}

export type FeatureName = keyof typeof probes;

/** What probes look at; a test gives another one. */
export interface HostView {
  readonly kernelVersion: string;
  readonly cgroups: Cgroups;
  /** Contents of a file, undefined when it is not there or not readable. */
  read(path: string): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** Absolute path of a program. */
  find(program: string): Promise<string | undefined>;
}

/** Looks at the host; runs no program. Takes a few milliseconds. */
export async function detectHostFeatures(view: HostView): Promise<HostFeatures> {
  const entries = Object.entries(probes).map(async ([name, probe]) => [name, await probe(view)] as const);
  const [found, facts] = await Promise.all([Promise.all(entries), readFacts(view)]);
  return {
    kernelVersion: view.kernelVersion,
    cgroupLayout: view.cgroups.layout,
    facts,
    features: Object.fromEntries(found) as Record<FeatureName, HostFeature>, // the keys are those of `probes`
  };
}

/** The machine that this process runs on. */
export function realHost(cgroups: Cgroups): HostView {
  const exists = (path: string, mode: number) =>
    access(path, mode).then(
      () => true,
      () => false,
    );
  return {
    kernelVersion: release(),
    cgroups,
    read: (path) => readFile(path, 'utf8').catch(() => undefined),
    exists: (path) => exists(path, constants.F_OK),
    async find(program) {
      const candidates = programDirectories.map((directory) => join(directory, program));
      const runnable = await Promise.all(candidates.map((path) => exists(path, constants.X_OK)));
      return candidates[runnable.indexOf(true)];
    },
  };
}

/** `5.15` is at most the `version` that uname(2) gave (`6.1.0-13-amd64`). */
export function kernelIsAtLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Where `run` looks for programs. */
const programDirectories = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'.split(':');

type Probe = (view: HostView) => Promise<HostFeature>;

const probes = {
  cgroup2: async ({ cgroups }) => ({
    present: cgroups.unified !== undefined,
    purpose: 'the control groups that systems inside manage themselves',
    detail: cgroups.unified ?? 'no cgroup2 file system is mounted',
    ...(cgroups.unified === undefined ? { remedy: 'mount -t cgroup2 none /sys/fs/cgroup/unified' } : {}),
  }),
  crun: program('crun', 'runs instances on hosts with cgroup v2 alone', 'crun'),
  runc: program('runc', 'runs instances on hosts that also have cgroup v1', 'runc'),
  conmon: program('conmon', 'holds the console of every instance and its log', 'conmon'),
  nft: program('nft', 'firewall and address translation of networks', 'nftables'),
  dnsmasq: program('dnsmasq', 'DHCP and DNS of networks', 'dnsmasq-base'),
  ip: program('ip', 'links of networks', 'iproute2'),
  apparmor: async (view) => {
    const enabled = (await view.read('/sys/module/apparmor/parameters/enabled'))?.trim() === 'Y';
    const parser = await view.find('apparmor_parser');
    const purpose = 'a second wall around instances';
    if (!enabled) return { present: false, purpose, detail: 'the kernel runs without AppArmor' };
    if (parser !== undefined) return { present: true, purpose, detail: parser };
    return { present: false, purpose, detail: 'apparmor_parser is missing', remedy: 'apt-get install apparmor' };
  },
  idmapped_mounts: kernelSince('5.19', 'roots without changing the owner of every file (under overlayfs)'),
  cgroup_kill: kernelSince('5.14', 'ending all processes of an instance at once'),
  overlay: fileSystem('overlay', 'roots that share the files of their image'),
  btrfs: fileSystem('btrfs', 'storage pools of driver btrfs'),
  fuse: device('/dev/fuse', 'FUSE file systems inside instances', 'modprobe fuse'),
  tun: device('/dev/net/tun', 'VPNs inside instances', 'modprobe tun'),
  lxcfs: async (view) => {
    const present = await view.exists('/var/lib/lxcfs/proc/meminfo');
    const purpose = '/proc/meminfo, /proc/cpuinfo and others that show the limits of the instance';
    if (present) return { present, purpose, detail: '/var/lib/lxcfs' };
    return { present, purpose, detail: 'lxcfs is not running', remedy: 'apt-get install lxcfs' };
  },
  pressure: async (view) => {
    const present = await view.exists('/proc/pressure/memory');
    const detail = present ? '/proc/pressure' : 'the kernel runs without PSI (boot option psi=1)';
    return { present, purpose: 'how long instances wait for processor, memory and disk', detail };
  },
} as const satisfies Record<string, Probe>;

function program(name: string, purpose: string, debianPackage: string): Probe {
  return async (view) => {
    const path = await view.find(name);
    if (path !== undefined) return { present: true, purpose, detail: path };
    return { present: false, purpose, detail: `${name} is not installed`, remedy: `apt-get install ${debianPackage}` };
  };
}

function kernelSince(version: string, purpose: string): Probe {
  return async ({ kernelVersion }) => {
    const present = kernelIsAtLeast(kernelVersion, version);
    const detail = `kernel ${kernelVersion}, needs ${version}`;
    return { present, purpose, detail, ...(present ? {} : { remedy: `a kernel of version ${version} or newer` }) };
  };
}

/** Built into the kernel, loaded, or there as a module that the first mount loads. */
function fileSystem(name: string, purpose: string): Probe {
  return async (view) => {
    const known = (await view.read('/proc/filesystems')) ?? '';
    if (new RegExp(`\\b${name}$`, 'm').test(known)) return { present: true, purpose, detail: 'in the kernel' };
    const modules = (await view.read(`/lib/modules/${view.kernelVersion}/modules.dep`)) ?? '';
    if (modules.includes(`/${name}.ko`)) return { present: true, purpose, detail: 'as a module' };
    return { present: false, purpose, detail: `the kernel has no ${name}` };
  };
}

/** The driver is there when its node is; instances get a node of the server's own. */
function device(path: string, purpose: string, remedy: string): Probe {
  return async (view) => {
    if (await view.exists(path)) return { present: true, purpose, detail: path };
    return { present: false, purpose, detail: `${path} is missing`, remedy };
  };
}

async function readFacts(view: HostView): Promise<HostFacts> {
  const [lastCapability, limits, oomScoreAdj, memory, status] = await Promise.all([
    view.read('/proc/sys/kernel/cap_last_cap'),
    view.read('/proc/self/limits'),
    view.read('/proc/self/oom_score_adj'),
    view.read('/proc/meminfo'),
    view.read('/proc/self/status'),
  ]);
  const openFiles = /^Max open files\s+\S+\s+(\S+)/m.exec(limits ?? '')?.[1];
  return {
    arch: process.arch,
    lastCapability: toNumber(lastCapability, 40),
    maxOpenFiles: openFiles === 'unlimited' ? Number.MAX_SAFE_INTEGER : toNumber(openFiles, 4096),
    oomScoreAdj: toNumber(oomScoreAdj, 0),
    memoryBytes: toNumber(/^MemTotal:\s+(\d+) kB/m.exec(memory ?? '')?.[1], 0) * 1024,
    rlimits: hardLimits(limits ?? ''),
    capabilities: BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status ?? '')?.[1] ?? '0'}`),
  };
}

/** The names that setrlimit(2) has, and how /proc/self/limits calls them. */
const limitWords: Readonly<Record<string, string>> = {
  as: 'Max address space',
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  locks: 'Max file locks',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rss: 'Max resident set',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
};

/** From /proc/self/limits: name, soft limit, hard limit, unit. */
function hardLimits(text: string): Record<string, number> {
  const found = Object.entries(limitWords).flatMap(([name, words]) => {
    const hard = new RegExp(`^${words}\\s+\\S+\\s+(\\d+)\\b`, 'm').exec(text)?.[1];
    return hard === undefined ? [] : [[name, Number(hard)] as const];
  });
  return Object.fromEntries(found);
}

function toNumber(text: string | undefined, otherwise: number): number {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isInteger(value) ? value : otherwise;
}
