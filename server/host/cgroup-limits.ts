import { constants } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';
import { cgroupWrites, type LimitWrite, type ResourceLimits } from './cgroup-limit-values.ts';
import type { Cgroups } from './cgroups.ts';

/** Of a file that must be there: the cgroup may be gone, and must not come back as a directory of plain files. */
const overwrite = constants.O_WRONLY | constants.O_TRUNC;

/** Limits of the cgroups of one server, on whichever hierarchies this host has. Paths as `Runtime.cgroupOf` says. */
export interface LimitFiles {
  /** Fault `unsupported` when the kernel lacks what one of these limits needs. Changes nothing. */
  check(limits: ResourceLimits): Promise<void>;
  /**
   * Brings a cgroup from one set of limits to another; a new cgroup has none (`{}`). Nothing is killed for it. Faults:
   * `in-use` when more memory is used than would be allowed, `unsupported`; what was written before then stays.
   */
  apply(cgroup: string, before: ResourceLimits, after: ResourceLimits): Promise<void>;
  /** Confines a cgroup to these processors (cpuset(7), "List format"), or lets it have all of the one above. Fault `unsupported`. */
  setProcessors(cgroup: string, list: string | undefined): Promise<void>;
  /** The list of processors that the server may give, without those that the boot option `isolcpus` sets aside. */
  processors(): Promise<{ available: string; isolated: string }>;
}

export class KernelLimitFiles implements LimitFiles {
  readonly #cgroups: Pick<Cgroups, 'unified' | 'legacy'>;
  /** The server's own cgroup, above those of all instances. */
  readonly #parent: string;

  constructor(cgroups: Pick<Cgroups, 'unified' | 'legacy'>, parent: string) {
    this.#cgroups = cgroups;
    this.#parent = parent;
  }

  async check(limits: ResourceLimits): Promise<void> {
    for (const write of this.#writes({}, limits)) {
      if (write.purpose === undefined) continue;
      const directory = await this.#directory(write.controller, this.#parent);
      if ((await this.#candidate(directory, write)) === undefined) throw missing(write);
    }
  }

  async apply(cgroup: string, before: ResourceLimits, after: ResourceLimits): Promise<void> {
    for (const write of this.#writes(before, after)) {
      const directory = this.#place(write.controller, cgroup);
      const candidate = await this.#candidate(directory, write);
      if (candidate !== undefined) await writeLimit(candidate.path, candidate.value);
      else if (write.purpose !== undefined) throw missing(write);
    }
  }

  async setProcessors(cgroup: string, list: string | undefined): Promise<void> {
    const directory = this.#place('cpuset', cgroup);
    const purpose = 'the processors of an instance';
    if (directory === undefined) throw missing({ controller: 'cpuset', files: [['cpuset.cpus', '']], purpose });
    // While something runs in it a cgroup must have some, on v2 too: the kernel answers an empty list with ENOSPC
    // (validate_change in kernel/cgroup/cpuset.c).
    await writeLimit(join(directory, 'cpuset.cpus'), list ?? (await this.#ofParent(directory)));
  }

  async processors(): Promise<{ available: string; isolated: string }> {
    const directory = await this.#directory('cpuset', this.#parent);
    const [own, online, isolated] = await Promise.all([
      directory === undefined ? '' : this.#effective(directory),
      text('/sys/devices/system/cpu/online'),
      text('/sys/devices/system/cpu/isolated'),
    ]);
    return { available: own || online, isolated };
  }

  #writes(before: ResourceLimits, after: ResourceLimits): LimitWrite[] {
    return cgroupWrites(new Set(this.#cgroups.legacy.keys()), before, after);
  }

  #place(controller: string, cgroup: string): string | undefined {
    const mount = this.#cgroups.legacy.get(controller === 'io' ? 'blkio' : controller) ?? this.#cgroups.unified;
    return mount === undefined ? undefined : mount + cgroup;
  }

  /** The same, made when it is missing: only below the root of a hierarchy do all files exist. */
  async #directory(controller: string, cgroup: string): Promise<string | undefined> {
    const directory = this.#place(controller, cgroup);
    if (directory !== undefined) await mkdir(directory, { recursive: true });
    return directory;
  }

  async #candidate(
    directory: string | undefined,
    { files }: LimitWrite,
  ): Promise<{ path: string; value: string } | undefined> {
    if (directory === undefined) return undefined;
    for (const [file, value] of files) {
      const path = join(directory, file);
      if (await exists(path)) return { path, value };
    }
    return undefined;
  }

  async #ofParent(directory: string): Promise<string> {
    return (await this.#effective(join(directory, '..'))) || (await text('/sys/devices/system/cpu/online'));
  }

  /** v1 and v2 name the same fact differently; a v1 cgroup that nobody has filled yet has none. */
  async #effective(directory: string): Promise<string> {
    return (
      (await text(join(directory, 'cpuset.cpus.effective'))) || (await text(join(directory, 'cpuset.effective_cpus')))
    );
  }
}

/**
 * Writes one limit. On v2, lowering memory.max below what is used kills at once: so the same amount goes into
 * memory.high first, which makes the kernel reclaim what it can, and only then is it decided.
 */
async function writeLimit(path: string, value: string): Promise<void> {
  if (path.endsWith('/memory.max') && value !== 'max') await reclaimTo(path, Number(value));
  try {
    await writeFile(path, value, { flag: overwrite });
  } catch (error) {
    // How v1 answers when it cannot reclaim enough (memory.rst, 2.5).
    if (errnoOf(error) === 'EBUSY') throw tooMuchInUse(Number(value), error);
    throw error;
  }
}

async function reclaimTo(path: string, bytes: number): Promise<void> {
  const file = (name: string) => path.replace(/memory\.max$/, name);
  const used = async () => Number(await text(file('memory.current')));
  if ((await used()) <= bytes) return;
  const high = await text(file('memory.high'));
  await writeFile(file('memory.high'), String(bytes), { flag: overwrite });
  if ((await used()) <= bytes) return;
  await writeFile(file('memory.high'), high, { flag: overwrite });
  throw tooMuchInUse(bytes);
}

function tooMuchInUse(bytes: number, cause?: unknown): Fault {
  return new Fault('in-use', `The instance uses more memory than ${bytes} bytes: stop it, or what uses it, first`, {
    cause,
  });
}

function missing({ controller, files, purpose }: LimitWrite): Fault {
  const names = files.map(([file]) => file).join(' or ');
  return new Fault(
    'unsupported',
    `This host cannot limit ${purpose}: its kernel has no ${names} (cgroup controller ${controller})`,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}
