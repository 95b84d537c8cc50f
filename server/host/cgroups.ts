import { chown, mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, Fault } from '../base/fault.ts';

/**
 * `unified`: cgroup v2 alone. `hybrid`: v1 controllers, and a v2 tree beside them for process tracking. `legacy`: v1
 * alone, on which no current system boots.
 */
export type CgroupLayout = 'unified' | 'hybrid' | 'legacy';

/** Files of a delegated cgroup that its new owner must own: Documentation/admin-guide/cgroup-v2.rst, "Model of Delegation". */
const delegatedFiles = ['cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'];
/** A hostile instance may have made this many cgroups and levels below its own, and no more (cgroup.max.*). */
const maxDescendants = 10_000;
const maxDepth = 32;
/** Removal retries for so long: the kernel needs a moment after the last process until a cgroup is free. */
const removalTimeoutMs = 5_000;

/**
 * The cgroups of one machine, in all hierarchies at once. Paths that methods take are relative to the mount of each
 * hierarchy, begin with `/` and consist of names that the server chose.
 */
export class Cgroups {
  readonly layout: CgroupLayout;
  /** Mount point of the v2 tree, if there is one. */
  readonly unified: string | undefined;
  /** Mount point of every v1 hierarchy by controller (`memory`, `cpu`, `name=systemd`). Co-mounted controllers share one. */
  readonly legacy: ReadonlyMap<string, string>;

  constructor(unified: string | undefined, legacy: ReadonlyMap<string, string>) {
    this.unified = unified;
    this.legacy = legacy;
    if (unified === undefined) this.layout = 'legacy';
    else this.layout = legacy.size === 0 ? 'unified' : 'hybrid';
  }

  /** What is mounted now, from /proc/self/mountinfo. */
  static async detect(): Promise<Cgroups> {
    return Cgroups.parse(await readFile('/proc/self/mountinfo', 'utf8'));
  }

  /** `mountinfo` as in proc_pid_mountinfo(5). */
  static parse(mountinfo: string): Cgroups {
    let unified: string | undefined;
    const legacy = new Map<string, string>();
    for (const line of mountinfo.split('\n')) {
      const [mount = '', superBlock = ''] = line.split(' - ');
      const path = mount.split(' ')[4];
      const [type, , options = ''] = superBlock.split(' ');
      if (path === undefined) continue;
      if (type === 'cgroup2') unified ??= path;
      if (type !== 'cgroup') continue;
      for (const option of options.split(',')) {
        if (v1Controllers.has(option) || option.startsWith('name=')) legacy.set(option, path);
      }
    }
    return new Cgroups(unified, legacy);
  }

  /** Absolute directory per hierarchy: `unified` and one entry for each v1 controller. */
  paths(path: string): Record<string, string> {
    const paths: Record<string, string> = {};
    if (this.unified !== undefined) paths['unified'] = this.unified + path;
    for (const [controller, mount] of this.legacy) paths[controller] = mount + path;
    return paths;
  }

  /** Absolute directory in the v2 tree. Faults: `unsupported` where there is none. */
  unifiedPath(path: string): string {
    if (this.unified === undefined) {
      throw new Fault(
        'unsupported',
        'This host has no cgroup v2 tree: mount one (mount -t cgroup2 none /sys/fs/cgroup/unified)',
      );
    }
    return this.unified + path;
  }

  /**
   * Makes the v2 directory `path` and, on unified hosts, passes all controllers that the kernel has down to its
   * children. Idempotent. Once a level below uses them, the host's systemd cannot take them away again (EBUSY).
   */
  async enableControllers(path: string): Promise<void> {
    await mkdir(this.unifiedPath(path), { recursive: true });
    if (this.layout !== 'unified') return;
    const levels = path.split('/').filter((name) => name !== '');
    for (let depth = 0; depth <= levels.length; depth++) {
      await passControllersDown(this.unifiedPath(['', ...levels.slice(0, depth)].join('/')));
    }
  }

  /** Makes a v2 cgroup for `owner` (a uid, also used as gid), who may then make cgroups below it. Idempotent. */
  async delegate(path: string, owner: number): Promise<void> {
    const directory = this.unifiedPath(path);
    await mkdir(directory, { recursive: true });
    await Promise.all([
      chown(directory, owner, owner),
      ...delegatedFiles.map((name) => chown(join(directory, name), owner, owner)),
      writeFile(join(directory, 'cgroup.max.descendants'), String(maxDescendants)),
      writeFile(join(directory, 'cgroup.max.depth'), String(maxDepth)),
    ]);
  }

  /** Makes a v2 cgroup of the server's own. Idempotent. */
  async create(path: string): Promise<void> {
    await mkdir(this.unifiedPath(path), { recursive: true });
  }

  /** Moves a process into the v2 cgroup. A process that has ended is a success. */
  async moveProcess(path: string, pid: number): Promise<void> {
    await tolerate(['ESRCH'], writeFile(join(this.unifiedPath(path), 'cgroup.procs'), String(pid)));
  }

  async isFrozen(path: string): Promise<boolean> {
    return (await readIfThere(join(this.unifiedPath(path), 'cgroup.freeze')))?.trim() === '1';
  }

  /** Stops every process of the v2 cgroup and waits until they stand still. Faults: `timed-out`, `not-found`. */
  async freeze(path: string, timeoutMs: number): Promise<void> {
    await this.#setFrozen(path, true, timeoutMs);
  }

  async thaw(path: string, timeoutMs: number): Promise<void> {
    await this.#setFrozen(path, false, timeoutMs);
  }

  /** Whether any process lives in the v2 cgroup or below; undefined when there is no such cgroup. */
  async isPopulated(path: string): Promise<boolean | undefined> {
    const events = await readIfThere(join(this.unifiedPath(path), 'cgroup.events'));
    return events === undefined ? undefined : events.includes('populated 1');
  }

  /** Names of the cgroups directly below `path`, of any hierarchy. */
  async children(path: string): Promise<string[]> {
    const lists = await Promise.all(this.#directories(path).map(subdirectories));
    return [...new Set(lists.flat())];
  }

  /**
   * Kills every process in the cgroup, in all hierarchies, and removes it with all below it. Idempotent. Faults:
   * `timed-out` when something does not die (a process in uninterruptible sleep).
   */
  async remove(path: string): Promise<void> {
    const directories = this.#directories(path);
    const deadline = Date.now() + removalTimeoutMs;
    for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
      await this.#kill(path);
      const removed = await Promise.all(directories.map(removeTree));
      if (removed.every((done) => done)) return;
      if (Date.now() > deadline) throw new Fault('timed-out', `Processes in cgroup ${path} do not end`);
      await delay(waitMs);
    }
  }

  async #kill(path: string): Promise<void> {
    if (this.unified !== undefined) {
      // cgroup.kill also reaches frozen processes and those that fork meanwhile (since Linux 5.14).
      await tolerate(['ENOENT', 'ENODEV'], writeFile(join(this.unified + path, 'cgroup.kill'), '1', { flag: 'r+' }));
    }
    for (const [controller, mount] of this.legacy) {
      const directory = mount + path;
      if (controller === 'freezer') {
        await tolerate(['ENOENT', 'ENODEV'], writeFile(join(directory, 'freezer.state'), 'THAWED', { flag: 'r+' }));
      }
      for (const pid of await processesIn(directory)) killQuietly(pid);
    }
  }

  async #setFrozen(path: string, frozen: boolean, timeoutMs: number): Promise<void> {
    const directory = this.unifiedPath(path);
    await writeFile(join(directory, 'cgroup.freeze'), frozen ? '1' : '0', { flag: 'r+' });
    const wanted = `frozen ${frozen ? 1 : 0}`;
    const deadline = Date.now() + timeoutMs;
    for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
      if ((await readFile(join(directory, 'cgroup.events'), 'utf8')).includes(wanted)) return;
      if (Date.now() > deadline) throw new Fault('timed-out', `Processes in cgroup ${path} cannot be frozen`);
      await delay(waitMs);
    }
  }

  #directories(path: string): string[] {
    return [...new Set(Object.values(this.paths(path)))];
  }
}

const v1Controllers: ReadonlySet<string> = new Set(
  'cpu cpuacct cpuset memory devices freezer blkio pids net_cls net_prio perf_event hugetlb rdma misc'.split(' '),
);

/** Controllers that a system inside makes use of; each is asked for by itself, because one may be held by v1 or busy. */
async function passControllersDown(directory: string): Promise<void> {
  const available = (await readFile(join(directory, 'cgroup.controllers'), 'utf8')).trim().split(' ');
  const passed = (await readFile(join(directory, 'cgroup.subtree_control'), 'utf8')).trim().split(' ');
  for (const controller of available.filter((name) => name !== '' && !passed.includes(name))) {
    await tolerate(
      ['EBUSY', 'EINVAL', 'EOPNOTSUPP', 'ENOENT', 'EPERM'],
      writeFile(join(directory, 'cgroup.subtree_control'), `+${controller}`),
    );
  }
}

/** Removes the cgroup and all below it, deepest first. False when something is still in use. */
async function removeTree(directory: string): Promise<boolean> {
  const pending = [directory];
  const found: string[] = [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    found.push(next);
    for (const name of await subdirectories(next)) pending.push(join(next, name));
  }
  let all = true;
  for (const path of found.reverse()) {
    const removed = await rmdir(path).then(
      () => true,
      (error: unknown) => errnoOf(error) === 'ENOENT',
    );
    all &&= removed;
  }
  return all;
}

async function subdirectories(directory: string): Promise<string[]> {
  // A cgroup without children has two links: most are, and need not be listed.
  const links = await stat(directory).then(
    (status) => status.nlink,
    () => 0,
  );
  if (links <= 2) return [];
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function processesIn(directory: string): Promise<number[]> {
  const text = await readIfThere(join(directory, 'cgroup.procs'));
  return (text ?? '').split('\n').flatMap((line) => (/^[1-9]\d*$/.test(line) ? [Number(line)] : []));
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function tolerate(errnos: readonly string[], action: Promise<void>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!errnos.includes(errnoOf(error) ?? '')) throw error;
  }
}
