import { posix } from 'node:path';
import { parseBoolean } from '../base/config-key.ts';
import type { Device, Devices } from '../devices/device.ts';
import { type IdRange, idsOf, mappedHostIds } from './id-restriction.ts';

/** What an instance will be, as far as restrictions look at it. */
export interface Restricted {
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

/** A key of a restricted project. */
export interface Restriction {
  readonly key: string;
  readonly type: string;
  /** What holds in a restricted project when the key is not set. */
  readonly default: string;
  readonly doc: string;
  readonly check: (value: string) => string | undefined;
  /** What of the instance is forbidden by this value: `security.nesting`, `device "data"`. Undefined: nothing. */
  readonly forbids?: (instance: Restricted, value: string, settings: Settings) => string | undefined;
}

/** The value of another key of the project. */
export type Settings = (key: string) => string;

/** Undefined, or what of the instance the project forbids, and by which key. */
export function violation(
  config: Readonly<Record<string, string>>,
  instance: Restricted,
): { readonly what: string; readonly key: string; readonly value: string } | undefined {
  if (parseBoolean(config['restricted'] ?? '') !== true) return undefined;
  for (const { key, forbids } of restrictions) {
    const value = settingOf(config, key);
    const what = forbids?.(instance, value, (other) => settingOf(config, other));
    if (what !== undefined) return { what, key, value };
  }
  return undefined;
}

/** Whether a project lets somebody make backups or snapshots. */
export function allows(config: Readonly<Record<string, string>>, what: 'backups' | 'snapshots'): boolean {
  return parseBoolean(config['restricted'] ?? '') !== true || settingOf(config, `restricted.${what}`) === 'allow';
}

function settingOf(config: Readonly<Record<string, string>>, key: string): string {
  return config[key] ?? restrictions.find((entry) => entry.key === key)?.default ?? '';
}

/** Keys that reach what yurt otherwise keeps from an instance. */
const lowLevelKeys =
  /^(raw\.|linux\.kernel_modules|linux\.sysctl\.|limits\.kernel\.|security\.(syscalls\.(?!intercept\.)|idmap\.(base|size)$|delegate_bpf|devlxd\.images|guestapi\.images)|boot\.host_shutdown_timeout$)/;
/** Interceptions that yield no more than what a user namespace may anyway. */
const safeInterceptions = /\.(mknod|setxattr|sched_setscheduler|sysinfo)$/;
const interceptionPrefix = 'security.syscalls.intercept.';

/** Every restriction. What a restricted project does not allow is forbidden. */
export const restrictions: readonly Restriction[] = [
  choice('backups', ['block', 'allow'], 'Whether backups may be made.'),
  choice('snapshots', ['block', 'allow'], 'Whether snapshots may be made.'),
  choice('containers.nesting', ['block', 'allow'], 'Whether `security.nesting` may be set.', ({ config }, value) =>
    value === 'block' && isOn(config['security.nesting']) ? 'security.nesting' : undefined,
  ),
  choice(
    'containers.privilege',
    ['unprivileged', 'isolated', 'allow'],
    'How much an instance may be of the host: `isolated` also forbids to share a range of ids; `allow` permits `security.privileged`.',
    ({ config }, value) => {
      if (value !== 'allow' && isOn(config['security.privileged'])) return 'security.privileged';
      const shared = parseBoolean(config['security.idmap.isolated'] ?? '') === false;
      return value === 'isolated' && shared ? 'security.idmap.isolated' : undefined;
    },
  ),
  choice(
    'containers.lowlevel',
    ['block', 'allow'],
    'Whether keys such as `raw.*`, `security.syscalls.*` and `linux.sysctl.*` may be set.',
    ({ config }, value, setting) => {
      if (value === 'allow') return undefined;
      const mapsIds = setting('restricted.idmap.uid') !== '' || setting('restricted.idmap.gid') !== '';
      return Object.keys(config).find((key) => lowLevelKeys.test(key) && !(mapsIds && key === 'raw.idmap'));
    },
  ),
  choice(
    'containers.interception',
    ['block', 'allow', 'full'],
    'Which `security.syscalls.intercept.*` may be set: none, those without risk for the host, or all.',
    ({ config }, value) => {
      const used = Object.keys(config).filter((key) => key.startsWith(interceptionPrefix) && isSet(config[key]));
      if (value === 'full') return undefined;
      return used.find((key) => value === 'block' || !safeInterceptions.test(key));
    },
  ),
  choice(
    'devices.disk',
    ['managed', 'block', 'allow'],
    'Which disks an instance may have: those in storage pools, only its root, or also paths of the host.',
    ({ devices }, value) =>
      deviceThat(devices, 'disk', (device) => {
        if (device['path'] === '/' || value === 'allow') return false;
        return value === 'block' || device['pool'] === undefined;
      }),
  ),
  {
    key: 'restricted.devices.disk.paths',
    type: 'list',
    default: '',
    doc: 'Where on the host the sources of disks may be, when `restricted.devices.disk` is `allow`: absolute paths, separated by commas; everywhere when empty.',
    check: (value) =>
      listOf(value).every((path) => posix.isAbsolute(path) && posix.normalize(path) === path)
        ? undefined
        : 'absolute paths without "..", separated by commas',
    forbids: ({ devices }, value) =>
      value === ''
        ? undefined
        : deviceThat(devices, 'disk', ({ pool, source = '' }) => pool === undefined && !isBelow(source, listOf(value))),
  },
  choice(
    'devices.nic',
    ['managed', 'block', 'allow'],
    'Which network interfaces an instance may have: on managed networks, none, or any.',
    ({ devices }, value) =>
      deviceThat(devices, 'nic', ({ network }) => value === 'block' || (value === 'managed' && network === undefined)),
  ),
  ...(['gpu', 'infiniband', 'pci', 'proxy', 'tpm', 'unix-block', 'unix-char', 'unix-hotplug', 'usb'] as const).map(
    (type) =>
      choice(
        `devices.${type}`,
        ['block', 'allow'],
        `Whether an instance may have devices of type ${type}.`,
        (instance, value) => (value === 'block' ? deviceThat(instance.devices, type, () => true) : undefined),
      ),
  ),
  access('networks.access', 'networks', 'nic', 'network'),
  access('storage-pools.access', 'storage pools', 'disk', 'pool'),
  idRestriction('uid'),
  idRestriction('gid'),
];

function choice(
  name: string,
  values: readonly [string, ...string[]],
  doc: string,
  forbids?: Restriction['forbids'],
): Restriction {
  const check = (value: string) => (values.includes(value) ? undefined : `one of ${values.join(', ')}`);
  const entry = { key: `restricted.${name}`, type: values.join(' or '), default: values[0], doc, check };
  return forbids === undefined ? entry : { ...entry, forbids };
}

/** A list of the managed objects that devices of a type may name. */
function access(name: string, what: string, type: string, option: string): Restriction {
  return {
    key: `restricted.${name}`,
    type: 'list',
    default: '',
    doc: `Names of the ${what} that may be used, separated by commas; all when empty.`,
    check: (value) =>
      listOf(value).every((word) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(word))
        ? undefined
        : 'names, separated by commas',
    forbids: ({ devices }, value) =>
      value === ''
        ? undefined
        : deviceThat(devices, type, (device) => {
            const used = device[option];
            return used !== undefined && !listOf(value).includes(used);
          }),
  };
}

function idRestriction(kind: 'uid' | 'gid'): Restriction {
  const parse = (value: string): readonly IdRange[] | undefined => (value === '' ? [] : idsOf(value));
  return {
    key: `restricted.idmap.${kind}`,
    type: 'list',
    default: '',
    doc: `Ids of the host that \`raw.idmap\` may map as ${kind}: numbers and ranges such as 1000,2000-2999; none when empty.`,
    check: (value) => (parse(value) === undefined ? 'numbers and ranges, such as 1000,2000-2999' : undefined),
    forbids: ({ config }, value, setting) => {
      const lines = config['raw.idmap'];
      if (lines === undefined || setting('restricted.containers.lowlevel') === 'allow') return undefined;
      const allowed = parse(value) ?? [];
      const inside = (used: IdRange) => allowed.some(({ first, last }) => first <= used.first && used.last <= last);
      return mappedHostIds(lines, kind)?.every(inside) === true ? undefined : 'raw.idmap';
    },
  };
}

function deviceThat(devices: Devices, type: string, matches: (device: Device) => boolean): string | undefined {
  const found = Object.entries(devices).find(([, device]) => device['type'] === type && matches(device));
  return found === undefined ? undefined : `device "${found[0]}"`;
}

/** Whether a path is one of the directories or below it, by its words: links are for whoever opens it. */
function isBelow(path: string, directories: readonly string[]): boolean {
  if (!posix.isAbsolute(path) || posix.normalize(path) !== path) return false;
  return directories.some(
    (directory) => path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`),
  );
}

function listOf(value: string): string[] {
  return value.split(',').filter((word) => word !== '');
}

function isOn(value: string | undefined): boolean {
  return parseBoolean(value ?? '') === true;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && parseBoolean(value) !== false;
}
