import { Fault } from '../base/fault.ts';
import type { RootedFiles } from '../host/rooted-files.ts';

/** The init of a root, and how to ask it for a clean end. */
export interface GuestInit {
  readonly kind: 'systemd' | 'busybox' | 'sysvinit' | 'openrc' | 'runit' | 'upstart' | 'unknown';
  /** Only of systemd, and only when its files tell. */
  readonly version?: number;
  /** What /sbin/init leads to, inside the root. */
  readonly path: string;
  readonly halt: HaltRequest;
}

/**
 * Either signals for init, the next one if nothing has happened after a while, or a command to run inside, again while it
 * fails: an init that is still booting may not take it yet.
 */
export type HaltRequest =
  | { readonly kind: 'signals'; readonly signals: readonly string[] }
  | { readonly kind: 'command'; readonly argv: readonly string[] };

/** What the command line of init is, for every kind. */
export const initCommand = '/sbin/init';

/** So much of an init binary is searched for its name. Busybox has about 2 MB. */
const maxInitBytes = 4 * 1024 * 1024;
const maxInittabBytes = 64 * 1024;
const maxLibraries = 4096;

/**
 * Looks at a root without running anything of it. Faults: `invalid` when it has no init. What a hostile root says about
 * itself decides only which signal it gets.
 */
export function detectGuestInit(root: RootedFiles): GuestInit {
  const path = root.resolve(initCommand);
  if (path === undefined) throw new Fault('invalid', `The root has no ${initCommand}: it is not a whole system`);
  if (!root.stat(path)?.isFile()) throw new Fault('invalid', `${initCommand} is not a program`);
  const kind = kindOf(root, path);
  const version = kind === 'systemd' ? systemdVersion(root) : undefined;
  return { kind, path, halt: haltRequest(root, kind), ...(version === undefined ? {} : { version }) };
}

/**
 * Whether this init can run where it finds nothing but cgroup v2, which instances do on every host: on hybrid ones too,
 * whose v1 controllers stay outside. So new versions, which refuse v1 (256) or have forgotten it (258), run anywhere, and
 * it is the old ones that need something that no instance has. Faults: `unsupported`.
 */
export function checkGuestInit({ kind, version }: GuestInit): void {
  if (kind !== 'systemd' || (version !== undefined && version >= firstSystemdOnCgroup2)) return;
  const found = version === undefined ? 'older than 231' : String(version);
  throw new Fault(
    'unsupported',
    `systemd ${found} in this image needs control groups of version 1, which instances do not get. ` +
      `Use an image with systemd ${firstSystemdOnCgroup2} or newer (Debian 9, Ubuntu 18.04, CentOS 8 and later)`,
  );
}

/** The first release with all that pure v2 needs: NEWS of systemd 230 to 232. */
const firstSystemdOnCgroup2 = 232;

function kindOf(root: RootedFiles, path: string): GuestInit['kind'] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const named = kindsByName.find(({ pattern }) => pattern.test(name));
  if (named !== undefined) return named.kind;
  // A binary that is just called init: sysvinit, upstart or a hard link of busybox. Their own messages tell.
  const binary = root.readHead(path, maxInitBytes);
  return kindsByContent.find(({ words }) => binary?.includes(words))?.kind ?? 'unknown';
}

const kindsByName: readonly { readonly pattern: RegExp; readonly kind: GuestInit['kind'] }[] = [
  { pattern: /^systemd$/, kind: 'systemd' },
  { pattern: /^busybox/, kind: 'busybox' },
  { pattern: /^openrc-init$/, kind: 'openrc' },
  { pattern: /^runit(-init)?$/, kind: 'runit' },
  { pattern: /^upstart$/, kind: 'upstart' },
];

const kindsByContent: readonly { readonly words: string; readonly kind: GuestInit['kind'] }[] = [
  { words: 'BusyBox v', kind: 'busybox' },
  { words: 'com.ubuntu.Upstart', kind: 'upstart' },
  { words: '/dev/initctl', kind: 'sysvinit' },
  { words: '/run/initctl', kind: 'sysvinit' },
  { words: 'systemd.unit=', kind: 'systemd' },
];

/** systemd(1) SIGNALS, busybox init.c, openrc-init.c, inittab(5), runit-init(8), init(8) of upstart. */
function haltRequest(root: RootedFiles, kind: GuestInit['kind']): HaltRequest {
  switch (kind) {
    case 'systemd':
      return { kind: 'signals', signals: ['SIGRTMIN+3'] };
    case 'busybox':
      return { kind: 'signals', signals: ['SIGUSR2'] };
    case 'openrc':
      return openrcHalt(root);
    case 'sysvinit':
      return sysvinitHalt(root);
    case 'runit':
    case 'upstart':
      // Both take no signal for it: the same program, called as a command, tells process 1.
      return { kind: 'command', argv: [initCommand, '0'] };
    case 'unknown':
      return { kind: 'signals', signals: ['SIGPWR', 'SIGTERM'] };
  }
}

/**
 * openrc-init begins to stop in the middle of its boot when SIGPWR says so, and then services that start and services that
 * stop wait for each other for minutes. What `openrc-shutdown` tells it, it reads after the boot.
 */
function openrcHalt(root: RootedFiles): HaltRequest {
  if (!root.stat(openrcShutdown)?.isFile()) return { kind: 'signals', signals: ['SIGPWR'] };
  return { kind: 'command', argv: [openrcShutdown, '--poweroff', 'now'] };
}

const openrcShutdown = '/sbin/openrc-shutdown';

/** sysvinit does at SIGPWR what its table says, which on most systems is a warning and no halt. */
function sysvinitHalt(root: RootedFiles): HaltRequest {
  let table = '';
  try {
    table = root.readText('/etc/inittab', maxInittabBytes) ?? '';
  } catch (error) {
    if (!(error instanceof Fault)) throw error; // no file, or an absurd one: as if it were empty
  }
  const halts = /^[^#:\n]*:[^:\n]*:power(fail|wait|failnow):.*\b(init\s+0|shutdown\b.*-[hP]|halt|poweroff)\b/m.test(
    table,
  );
  if (halts) return { kind: 'signals', signals: ['SIGPWR'] };
  return { kind: 'command', argv: [initCommand, '0'] };
}

/** systemd keeps what its programs share in a library that is named after the version, since 231. */
function systemdVersion(root: RootedFiles): number | undefined {
  for (const directory of systemdLibraryDirectories) {
    for (const name of root.list(directory, maxLibraries) ?? []) {
      const version = /^libsystemd-(?:shared|core)-(\d{3,4})\b/.exec(name)?.[1];
      if (version !== undefined) return Number(version);
    }
  }
  return undefined;
}

const systemdLibraryDirectories = [
  '/usr/lib/systemd',
  '/lib/systemd',
  '/usr/lib64/systemd',
  ...['x86_64-linux-gnu', 'aarch64-linux-gnu', 'riscv64-linux-gnu', 'i386-linux-gnu', 'arm-linux-gnueabihf'].map(
    (triplet) => `/usr/lib/${triplet}/systemd`,
  ),
];
