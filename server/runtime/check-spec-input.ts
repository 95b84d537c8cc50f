import { Fault } from '../base/fault.ts';
import type { SpecInput } from './build-spec.ts';

/** sethostname(2) takes 64 bytes; a DNS label 63. Dots make a full name of several labels. */
const hostname =
  /^(?=.{1,64}$)[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const environmentKey = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const cgroupsPath = /^(\/[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)+$/;
const annotationKey = /^[a-z0-9][a-z0-9./_-]*$/;
const profileName = /^[A-Za-z0-9._/:&<>-]+$/;
const sysctlName = /^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+$/;
const lineBreakOrNul = /[\0\r\n]/;

/** More of anything than this no instance needs; a request that has it is a mistake or an attack. */
const maxEntries = 1024;
const maxStringBytes = 64 * 1024;
const maxPathBytes = 4095;
/** Ids up to 2^32-2: the last one means "no id" to the kernel. */
const maxId = 0xffff_fffe;

/** Faults: `invalid` for the first thing that is wrong. */
export function checkSpecInput(input: SpecInput): void {
  matches('id', input.id, uuid);
  matches('hostname', input.hostname, hostname);
  matches('cgroup path', input.cgroupsPath, cgroupsPath);
  path('root', input.rootPath);
  if (input.agentDirectory !== undefined) path('agent directory', input.agentDirectory);
  if (input.apparmorProfile !== undefined) matches('AppArmor profile', input.apparmorProfile, profileName);
  if (input.init.length === 0) throw new Fault('invalid', 'The command of init is empty');
  for (const word of input.init) line('command of init', word);
  if (!input.init[0]?.startsWith('/')) throw new Fault('invalid', 'The command of init is not an absolute path');
  checkPairs('environment variable', input.environment, environmentKey);
  checkPairs('annotation', input.annotations ?? {}, annotationKey);
  checkIdMap(input);
  checkPairs('sysctl', input.sysctls ?? {}, sysctlName);
  checkMounts(input);
}

/** For commands beside init: the same rules for what becomes arguments and environment, but lines may break. */
export function checkExecInput(argv: readonly string[], env: Readonly<Record<string, string>>): void {
  if (argv.length === 0 || argv[0] === '') throw new Fault('invalid', 'The command is empty');
  bounded('arguments', argv.length);
  for (const word of argv) {
    if (word.includes('\0') || Buffer.byteLength(word) > maxStringBytes) throw badValue('argument', word);
  }
  bounded('environment', Object.keys(env).length);
  for (const [key, value] of Object.entries(env)) {
    matches('environment variable', key, environmentKey);
    if (value.includes('\0') || Buffer.byteLength(value) > maxStringBytes) throw badValue(`value of ${key}`, value);
  }
}

function checkPairs(what: string, pairs: Readonly<Record<string, string>>, keys: RegExp): void {
  bounded(what, Object.keys(pairs).length);
  for (const [key, value] of Object.entries(pairs)) {
    matches(what, key, keys);
    line(`${what} ${key}`, value);
  }
}

function checkIdMap({ idMap, privileged = false }: SpecInput): void {
  const { hostBase, size } = idMap;
  const fits = Number.isInteger(hostBase) && Number.isInteger(size) && size >= 1 && hostBase + size - 1 <= maxId;
  // Unless that is what was asked for: an id 0 of the host inside would make the instance's root the host's root.
  if (!fits || (privileged ? hostBase !== 0 : hostBase < 1))
    throw new Fault('invalid', `Invalid id range: ${hostBase}+${size}`);
}

function checkMounts(input: SpecInput): void {
  bounded('mounts', input.mounts.length);
  bounded('devices', input.devices.length);
  for (const mount of input.mounts) {
    path('mount destination', mount.destination);
    line('mount source', mount.source);
    if (mount.type !== undefined) matches('mount type', mount.type, /^[a-z0-9.]{1,32}$/);
    // A comma would begin another option.
    for (const option of mount.options) matches('mount option', option, /^[^\0\r\n,]{1,256}$/);
  }
  for (const device of input.devices) path('device', device.path);
}

/** Absolute, without empty, `.` or `..` components: it means the same to everybody who reads it. */
function path(what: string, value: string): void {
  line(what, value);
  const [first, ...rest] = value.split('/');
  const clean = first === '' && rest.every((name) => name !== '' && name !== '.' && name !== '..');
  if (!clean || Buffer.byteLength(value) > maxPathBytes) throw badValue(what, value);
}

function line(what: string, value: string): void {
  if (lineBreakOrNul.test(value) || Buffer.byteLength(value) > maxStringBytes) throw badValue(what, value);
}

function matches(what: string, value: string, pattern: RegExp): void {
  if (value.length > maxPathBytes || !pattern.test(value)) throw badValue(what, value);
}

function bounded(what: string, count: number): void {
  if (count > maxEntries) throw new Fault('invalid', `Too many: ${what} (${count}, at most ${maxEntries})`);
}

function badValue(what: string, value: string): Fault {
  return new Fault('invalid', `Invalid ${what}: ${JSON.stringify(value.slice(0, 100))}`);
}
