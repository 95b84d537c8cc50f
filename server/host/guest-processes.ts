import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Run } from './run.ts';

/** A process of an instance, as the kernel tells of it. Ids are those of the instance. */
export interface GuestProcess {
  /** In the instance; 0 for one that has no number there. */
  readonly pid: number;
  /** 0: its parent is not in the instance. */
  readonly parentPid: number;
  readonly hostPid: number;
  /** Effective. 65534: the instance has no number for it. */
  readonly uid: number;
  readonly gid: number;
  /** One letter: proc_pid_stat(5). */
  readonly state: string;
  readonly name: string;
  readonly argv: readonly string[];
  readonly startedAt: Date;
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  readonly threads: number;
}

export interface GuestProcesses {
  readonly processes: readonly GuestProcess[];
  /** Whether there are more than were looked at. */
  readonly truncated: boolean;
}

/** The cgroup of an instance in the v2 tree. */
export interface GuestCgroup {
  readonly directory: string;
  /** The same from the mount of the tree on. */
  readonly path: string;
}

const maxProcesses = 1000;
/** An instance may make many cgroups: so many of them are looked into. */
const maxCgroups = 2000;
/** So many are read before the server does something else. */
const readsPerTurn = 100;
/**
 * To read an argument vector is to read the memory of its process, and that can be made to wait for ever: a page of it may
 * be a file of a file system that the instance serves itself, or be handed out by userfaultfd(2). So another program reads
 * it, and is killed after this long.
 */
const argumentsTimeoutMs = 2000;
/** What a killed program may take to end. */
const killMs = 500;
const maxArgumentsBytes = 4 * 1024 * 1024;
/** USER_HZ of every architecture that yurt runs on: time(7). */
const ticksPerSecond = 100;
const overflowId = 65_534;

/** Reads what runs in the cgroups below some directory of the v2 tree. Enters nothing, and executes nothing of theirs. */
export class GuestProcessTable {
  readonly #run: Run;
  /** Cgroups whose arguments are being read now. */
  readonly #grepping = new Set<string>();
  readonly #reading = new Map<string, Promise<GuestProcesses>>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** `init` is the host's number of its init. Whoever asks while it is being read gets the same answer. */
  async list(cgroup: GuestCgroup, init: number): Promise<GuestProcesses> {
    const { path } = cgroup;
    const present = this.#reading.get(path);
    if (present !== undefined) return await present;
    const reading = this.#list(cgroup, init).finally(() => this.#reading.delete(path));
    this.#reading.set(path, reading);
    return await reading;
  }

  async #list({ directory, path }: GuestCgroup, init: number): Promise<GuestProcesses> {
    const { pids, truncated } = await pidsBelow(directory);
    const maps = { uid: idMap(`/proc/${init}/uid_map`), gid: idMap(`/proc/${init}/gid_map`) };
    const bootSeconds = Number(/^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'))?.[1] ?? 0);
    // An open directory of /proc stays that of its process: whoever gets the number later cannot be taken for it.
    using pinned = new PinnedProcesses();
    const seen: Seen[] = [];
    for (const [index, pid] of pids.entries()) {
      if (index % readsPerTurn === readsPerTurn - 1) await nextTurn();
      const one = pinned.open(pid) ? seenOf(pinned, pid, maps, bootSeconds) : undefined;
      if (one !== undefined && isInside(pinned.read(pid, 'cgroup'), path)) seen.push(one);
    }
    const argvs = await this.#argvs(
      path,
      seen.map(({ hostPid }) => hostPid),
    );
    const inside = new Map(seen.map(({ hostPid, pid }) => [hostPid, pid]));
    const processes = seen.map(({ hostParent, ...process }) => {
      // What was read under its number was its own only if it still has that number.
      const argv = pinned.read(process.hostPid, 'stat') === '' ? [] : (argvs.get(process.hostPid) ?? []);
      return { ...process, argv, parentPid: inside.get(hostParent) ?? 0 };
    });
    return { processes: processes.sort((a, b) => a.pid - b.pid || a.hostPid - b.hostPid), truncated };
  }

  /** Argument vectors by pid; none when they cannot be read in time, or an earlier reading has not come to its end yet. */
  async #argvs(path: string, pids: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>> {
    if (pids.length === 0 || this.#grepping.has(path)) return new Map();
    this.#grepping.add(path);
    const files = pids.map((pid) => `/proc/${pid}/cmdline`);
    // Of each record that ends in NUL: the file it is from, NUL, the record, NUL. Neither can have a NUL in it.
    const reading = this.#run(['grep', '-asHzZ', '-e', '', '--', ...files], {
      signal: AbortSignal.timeout(argumentsTimeoutMs),
      maxOutputBytes: maxArgumentsBytes,
    }).then(
      ({ stdout }) => argvsIn(stdout),
      () => new Map<number, readonly string[]>(),
    );
    void reading.then(() => this.#grepping.delete(path));
    // A kernel that does not let go of the program, killed or not, must not hold up who asks.
    const late = delay(argumentsTimeoutMs + killMs, new Map<number, readonly string[]>(), { ref: false });
    return await Promise.race([reading, late]);
  }
}

/** What `grep -asHzZ` prints, by the pid in the names of its files. */
export function argvsIn(output: string): ReadonlyMap<number, readonly string[]> {
  const words = output.split('\0');
  const argvs = new Map<number, string[]>();
  for (let index = 0; index + 1 < words.length; index += 2) {
    const pid = Number(/^\/proc\/(\d+)\/cmdline$/.exec(words[index] ?? '')?.[1]);
    const argv = argvs.get(pid) ?? [];
    argv.push(words[index + 1] ?? '');
    argvs.set(pid, argv);
  }
  return argvs;
}

type Seen = Omit<GuestProcess, 'argv' | 'parentPid'> & { readonly hostParent: number };

interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

interface IdMaps {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
}

function seenOf(pinned: PinnedProcesses, hostPid: number, maps: IdMaps, bootSeconds: number): Seen | undefined {
  const [stat, status] = [pinned.read(hostPid, 'stat'), pinned.read(hostPid, 'status')];
  const parsed = stat === '' || status === '' ? undefined : parseProcess(stat, status);
  if (parsed === undefined) return undefined;
  const { hostUid, hostGid, startTicks, ...process } = parsed;
  return {
    ...{ ...process, hostPid, uid: insideOf(maps.uid, hostUid), gid: insideOf(maps.gid, hostGid) },
    startedAt: new Date((bootSeconds + startTicks / ticksPerSecond) * 1000),
  };
}

/** Reads proc_pid_stat(5) and proc_pid_status(5). The name in parentheses of the one may hold anything; the other escapes it. */
export function parseProcess(stat: string, status: string) {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  // The first of them is the third of the manual page.
  const field = (number: number) => Number(fields[number - 3] ?? 0);
  const line = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  if (open < 0 || close < open || fields.length < 22) return undefined;
  return {
    name: stat.slice(open + 1, close),
    state: fields[0] ?? '',
    hostParent: field(4),
    cpuNanoseconds: (field(14) + field(15)) * (1e9 / ticksPerSecond),
    threads: field(20),
    startTicks: field(22),
    // Of the reader's own namespace first, then of the one below it.
    pid: Number(line('NSpid').split(/\s+/)[1] ?? 0),
    hostUid: Number(line('Uid').split(/\s+/)[1] ?? -1),
    hostGid: Number(line('Gid').split(/\s+/)[1] ?? -1),
    memoryBytes: Number.parseInt(line('VmRSS') || '0', 10) * 1024,
  };
}

/** Numbers of the processes in a cgroup and in those below it. */
async function pidsBelow(cgroup: string): Promise<{ readonly pids: readonly number[]; readonly truncated: boolean }> {
  const waiting = [cgroup];
  const pids = new Set<number>();
  let looked = 0;
  for (let directory = waiting.shift(); directory !== undefined; directory = waiting.shift()) {
    if (looked === maxCgroups || pids.size >= maxProcesses) return { pids: first(pids), truncated: true };
    looked += 1;
    // A threaded cgroup has none of its own; one may go while it is looked at.
    const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const word of text.split('\n')) if (Number(word) > 0) pids.add(Number(word));
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) waiting.push(join(directory, entry.name));
    }
  }
  return { pids: first(pids), truncated: pids.size > maxProcesses };
}

function first(pids: ReadonlySet<number>): number[] {
  return [...pids].slice(0, maxProcesses);
}

/** Whether what /proc says of a process' cgroups puts it in `path` of the v2 tree, or below it. */
function isInside(text: string, path: string): boolean {
  const own = /^0::(.*)$/m.exec(text)?.[1];
  return own !== undefined && (own === path || own.startsWith(`${path}/`));
}

/** user_namespaces(7): `inside outside count`, of the namespace that the process is in. */
function idMap(path: string): IdRange[] {
  try {
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((row) => {
        const [inside = 0, outside = 0, count = 0] = row.trim().split(/\s+/).map(Number);
        return { inside, outside, count };
      });
  } catch {
    return []; // it has ended
  }
}

function insideOf(map: readonly IdRange[], id: number): number {
  const range = map.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? overflowId : range.inside + id - range.outside;
}

/** Directories of /proc that are held open. Their files come from the kernel's memory: to read one takes microseconds. */
class PinnedProcesses implements Disposable {
  readonly #descriptors = new Map<number, number>();

  open(pid: number): boolean {
    try {
      this.#descriptors.set(pid, openSync(`/proc/${pid}`, constants.O_RDONLY | constants.O_DIRECTORY));
      return true;
    } catch {
      return false; // it has ended
    }
  }

  /** Empty once the process has ended, whoever has its number now. */
  read(pid: number, name: 'stat' | 'status' | 'cgroup'): string {
    const descriptor = this.#descriptors.get(pid);
    try {
      return descriptor === undefined ? '' : readFileSync(`/proc/self/fd/${descriptor}/${name}`, 'utf8');
    } catch {
      return ''; // ESRCH
    }
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
  }
}
