import { parseBoolean } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import type { SpecInput } from '../runtime/build-spec.ts';
import { parseRlimit, type Rlimit, type RlimitName, rlimitNames } from '../runtime/rlimits.ts';
import type { SyscallPolicy } from '../runtime/seccomp.ts';
import { usualIds, type WantedIds } from './id-ranges.ts';
import { parseRawIdmap } from './raw-idmap.ts';

type Config = Readonly<Record<string, string>>;
type SpecOptions = Required<Pick<SpecInput, 'rlimits' | 'sysctls' | 'syscalls' | 'nesting' | 'privileged'>> &
  Pick<SpecInput, 'oomScoreAdj'>;

/** What the keys of a checked configuration say about the specification of the container. */
export function specOptionsOf(config: Config): SpecOptions {
  const oomPriority = config['limits.memory.oom_priority'];
  return {
    rlimits: rlimitsOf(config),
    sysctls: Object.fromEntries(withPrefix(config, 'linux.sysctl.')),
    syscalls: syscallPolicyOf(config),
    nesting: isOn(config, 'security.nesting', false),
    privileged: isPrivileged(config),
    ...(oomPriority === undefined ? {} : { oomScoreAdj: Number(oomPriority) }),
  };
}

function rlimitsOf(config: Config): Partial<Record<RlimitName, Rlimit>> {
  const limits = withPrefix(config, 'limits.kernel.').flatMap(([name, value]) => {
    const limit = parseRlimit(value);
    return Object.hasOwn(rlimitNames, name) && limit !== undefined ? [[name, limit] as const] : [];
  });
  return Object.fromEntries(limits);
}

/** The ids on the host that the instance should have. */
export function wantedIdsOf(config: Config): WantedIds {
  const { 'security.idmap.size': size, 'security.idmap.base': base } = config;
  return {
    privileged: isPrivileged(config),
    size: size === undefined ? usualIds.size : Number(size),
    punched: parseRawIdmap(config['raw.idmap'] ?? '') ?? [],
    ...(base === undefined ? {} : { hostBase: Number(base) }),
  };
}

/** Fault `invalid` for keys that cannot hold together. */
export function checkTogether(config: Config): void {
  const refuse = (key: string, other: string) => {
    throw new Fault('invalid', `${key} and ${other} exclude one another`);
  };
  const isSet = (key: string) => (config[key] ?? '') !== '';
  const denying = ['security.syscalls.deny', 'security.syscalls.deny_compat', 'security.syscalls.deny_default'];
  const denies = denying.find(isSet);
  if (isSet('security.syscalls.allow') && denies !== undefined) refuse('security.syscalls.allow', denies);
  const maps = ['security.idmap.base', 'security.idmap.size', 'raw.idmap'].find(isSet);
  if (isPrivileged(config) && maps !== undefined) refuse('security.privileged', maps);
}

export function isPrivileged(config: Config): boolean {
  return isOn(config, 'security.privileged', false);
}

/** A boolean key of a checked configuration. */
export function isOn(config: Config, key: string, unset: boolean): boolean {
  return parseBoolean(config[key] ?? '') ?? unset;
}

/** Names as `security.syscalls.deny` has them: one a line, empty lines and those that begin with # aside. */
export function syscallsIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function syscallPolicyOf(config: Config): SyscallPolicy {
  return {
    denyDefault: isOn(config, 'security.syscalls.deny_default', true),
    denyCompat: isOn(config, 'security.syscalls.deny_compat', false),
    deny: syscallsIn(config['security.syscalls.deny'] ?? ''),
    allow: syscallsIn(config['security.syscalls.allow'] ?? ''),
  };
}

function withPrefix(config: Config, prefix: string): [string, string][] {
  return Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value]);
}
