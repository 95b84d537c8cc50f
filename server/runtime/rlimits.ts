import { Fault } from '../base/fault.ts';
import type { HostFacts } from '../host/host-features.ts';
import type { OciRlimit } from './oci-spec.ts';

/** Bounds of one process, in the unit of each; `Infinity`: unlimited. */
export interface Rlimit {
  readonly soft: number;
  readonly hard: number;
}

/** What each bounds, by the name that `limits.kernel.*` and (in capitals, after RLIMIT_) setrlimit(2) use. */
export const rlimitNames = {
  as: 'bytes of address space',
  core: 'bytes of a core file',
  cpu: 'seconds of processor time',
  data: 'bytes of data',
  fsize: 'bytes of a file',
  locks: 'file locks',
  memlock: 'bytes locked in memory',
  msgqueue: 'bytes in POSIX message queues',
  nice: 'ceiling of the nice value, as 20 - nice',
  nofile: 'open files',
  nproc: 'processes of one user',
  rss: 'bytes in memory (Linux does not enforce it)',
  rtprio: 'ceiling of the real-time priority',
  rttime: 'microseconds of real-time work without a pause',
  sigpending: 'queued signals',
  stack: 'bytes of stack',
} as const;

export type RlimitName = keyof typeof rlimitNames;
export type Rlimits = Readonly<Partial<Record<RlimitName, Rlimit>>>;

const capSysResource = 1n << 24n;

/** What a process of an instance may open at most, unless told otherwise: what systemd gives on a machine of its own. */
const maxOpenFilesHard = 524_288;
export const usualOpenFiles = 1024;

/**
 * What a booted machine has. The server's own soft limit is far higher, and inheriting it makes old programs that loop
 * over all possible descriptors slow and those that use select(2) wrong.
 */
export function usualRlimits({ maxOpenFiles }: HostFacts): OciRlimit[] {
  const hard = Math.min(maxOpenFiles, maxOpenFilesHard);
  return [{ type: 'RLIMIT_NOFILE', soft: Math.min(usualOpenFiles, hard), hard }];
}

/** The usual ones, with those of the configuration in their place. */
export function initRlimits(host: HostFacts, rlimits: Rlimits): OciRlimit[] {
  const own = Object.entries(rlimits).map(([name, limit]): OciRlimit => ({ type: ociName(name), ...limit }));
  const types = new Set(own.map(({ type }) => type));
  return [...usualRlimits(host).filter(({ type }) => !types.has(type)), ...own];
}

/**
 * Whether this server may give these limits: above its own hard ones only with CAP_SYS_RESOURCE (setrlimit(2)), which a
 * server that is itself in a container often lacks. Fault `unsupported`.
 */
export function checkRlimits(host: HostFacts, rlimits: Rlimits): void {
  if ((host.capabilities & capSysResource) !== 0n) return;
  for (const [name, { hard }] of Object.entries(rlimits)) {
    const own = host.rlimits[name] ?? Infinity;
    if (hard <= own) continue;
    const wanted = hard === Infinity ? 'unlimited' : String(hard);
    throw new Fault(
      'unsupported',
      `limits.kernel.${name}: yurtd itself is limited to ${own} and has no right to raise that to ${wanted} (CAP_SYS_RESOURCE)`,
    );
  }
}

/** The same for oom_score_adj: no lower than what the server itself has. Fault `unsupported`. */
export function checkOomScore(host: HostFacts, wanted: number | undefined): void {
  if (wanted === undefined || wanted >= host.oomScoreAdj || (host.capabilities & capSysResource) !== 0n) return;
  throw new Fault(
    'unsupported',
    `limits.memory.oom_priority: yurtd itself has ${host.oomScoreAdj} and has no right to lower that to ${wanted} (CAP_SYS_RESOURCE)`,
  );
}

/** `N`, `SOFT:HARD` or `unlimited`, the latter also as one side. Undefined for anything else. */
export function parseRlimit(value: string): Rlimit | undefined {
  const [first = '', second = first, ...more] = value.split(':');
  const [soft, hard] = [bound(first), bound(second)];
  if (more.length > 0 || soft === undefined || hard === undefined || soft > hard) return undefined;
  return { soft, hard };
}

function bound(text: string): number | undefined {
  if (text === 'unlimited') return Infinity;
  const number = Number(text);
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(number) ? number : undefined;
}

function ociName(name: string): `RLIMIT_${string}` {
  return `RLIMIT_${name.toUpperCase()}`;
}
