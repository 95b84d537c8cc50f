import { closeSync, openSync, readlinkSync } from 'node:fs';
import { open, readFile, realpath, rm } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { cloneMount, newFileSystem, setMountAttributes } from '../../native/mount.ts';
import { O_DIRECTORY, O_PATH, openat2, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS } from '../../native/openat2.ts';
import { codeOfErrno, errnoOf, Fault } from '../base/fault.ts';
import { type IdMap, type IdRange, isIdentity, rangesOf } from '../base/id-map.ts';
import { parseMounts } from './mounts.ts';
import type { Run, RunResult } from './run.ts';
import type { UserNamespaces } from './user-namespaces.ts';

export type MountSource =
  /** A file or directory of the host. */
  | { readonly kind: 'path'; readonly path: string }
  /** One of the server's own files, which it made for the instance. */
  | { readonly kind: 'own'; readonly path: string }
  /** A file system in memory; without a size, half of the host's memory. Its root is the instance's. */
  | { readonly kind: 'tmpfs'; readonly sizeBytes: number | undefined };

export type Propagation = 'private' | 'slave' | 'shared' | 'unbindable';

export interface InstanceMount {
  readonly source: MountSource;
  /** Absolute path inside, without `.` and `..`. What is missing of it is made. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Whether device nodes in it work. */
  readonly devices: boolean;
  /** With the mounts below the source. */
  readonly recursive: boolean;
  readonly propagation: Propagation;
  /** Whether files appear with the ids that they have on the host's disk, instead of as those of nobody. */
  readonly shift: boolean;
}

/**
 * Mounts of the host in running instances. `receipt` is the path of a file of the server: it appears with the mount,
 * whatever happens to the server meanwhile, and `detach` needs it.
 */
export interface InstanceMounts {
  /** Faults: `not-found`, `forbidden` for what belongs to the server, `invalid` for a path with symbolic links. */
  checkSource(path: string): Promise<string>;
  /** `pid` is the instance's init. Faults: as `checkSource`, `unsupported`, and those of making `target` inside. */
  attach(pid: number, idMap: IdMap, mount: InstanceMount, receipt: string): Promise<void>;
  /** Whether `attach` has made the mount of this receipt, and `detach` has not removed it. */
  isAttached(receipt: string): Promise<boolean>;
  /** Idempotent. Without `pid` the instance has ended, and its mounts with it. */
  detach(pid: number | undefined, target: string, receipt: string): Promise<void>;
}

export interface InstanceMountsOptions {
  readonly run: Run;
  readonly namespaces: Pick<UserNamespaces, 'open'>;
  /** The helper, `dist/host/mounter`. */
  readonly program: string;
  /** Directories of the server that no instance may see into. */
  readonly ownDirectories: readonly string[];
}

/** A file system of the instance (FUSE) may never answer. */
const timeoutMs = 30_000;
const maxPathBytes = 4096;

/** Through open_tree(2), mount_setattr(2) here and a helper that enters the instance's namespaces, server/host/mounter. */
export class KernelInstanceMounts implements InstanceMounts {
  readonly #options: InstanceMountsOptions;

  constructor(options: InstanceMountsOptions) {
    this.#options = options;
  }

  async checkSource(path: string): Promise<string> {
    const real = await this.#resolve(path);
    closeSync(this.#open(real));
    return real;
  }

  async attach(pid: number, idMap: IdMap, mount: InstanceMount, receipt: string): Promise<void> {
    using held = new DisposableStack();
    const hold = (fd: number) => held.adopt(fd, closeSync);
    const { fd, directory } = await this.#detached(idMap, mount);
    hold(fd);
    const inside = instanceDescriptors(pid).map(hold);
    await using note = await open(receipt, 'w', 0o600);
    const kind = directory ? 'directory' : 'file';
    await this.#help(['attach', kind, mount.propagation, mount.target], [...inside, fd, note.fd]);
  }

  async isAttached(receipt: string): Promise<boolean> {
    return (await textOf(receipt)) !== '';
  }

  async detach(pid: number | undefined, target: string, receipt: string): Promise<void> {
    const [id = '', created = ''] = (await textOf(receipt)).trim().split(' ');
    if (pid !== undefined && /^\d+$/.test(id)) {
      using held = new DisposableStack();
      const inside = instanceDescriptors(pid).map((fd) => held.adopt(fd, closeSync));
      // Somebody inside may have moved the directory that it is mounted on.
      const mounts = parseMounts(await readFile(`/proc/${pid}/mountinfo`, 'utf8'));
      const point = mounts.find((entry) => entry.id === id)?.point;
      await this.#help(['detach', point ?? target, id, created === '1' ? '1' : '0'], inside);
    }
    await rm(receipt, { force: true });
  }

  async #detached(idMap: IdMap, mount: InstanceMount): Promise<{ fd: number; directory: boolean }> {
    const { source, readOnly, recursive } = mount;
    if (source.kind === 'tmpfs') {
      const { users, groups } = rangesOf(idMap);
      const first = (ranges: readonly IdRange[]) => String(ranges[0]?.outside ?? 0);
      const size = source.sizeBytes === undefined ? {} : { size: String(source.sizeBytes) };
      const fd = newFileSystem('tmpfs', { mode: '0755', uid: first(users), gid: first(groups), ...size });
      setMountAttributes(fd, { readOnly, devices: false });
      return { fd, directory: true };
    }
    const real = source.kind === 'own' ? source.path : await this.#resolve(source.path);
    if (source.kind === 'path' && (mount.shift || isIdentity(rangesOf(idMap)))) this.#refuseAbove(real);
    const from = this.#open(real);
    try {
      const fd = cloneMount(from, recursive);
      try {
        await this.#setAttributes(fd, idMap, mount, real);
        return { fd, directory: isDirectory(from) };
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    } finally {
      closeSync(from);
    }
  }

  async #setAttributes(fd: number, idMap: IdMap, mount: InstanceMount, real: string): Promise<void> {
    const { readOnly, devices, recursive, propagation } = mount;
    const cutOff = propagation === 'private' || propagation === 'unbindable';
    // `false` must not make a mount writable that the host has read-only.
    setMountAttributes(fd, { readOnly, devices, recursive, private: cutOff });
    if (!mount.shift || isIdentity(rangesOf(idMap))) return;
    using namespace = await this.#options.namespaces.open(rangesOf(idMap));
    try {
      setMountAttributes(fd, { namespaceFd: namespace.fd, recursive });
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error;
      const which = recursive ? 'or one mounted below it ' : '';
      const reason = `The file system of ${real} ${which}cannot show other ids (no idmapped mounts): use shift=false`;
      throw new Fault('unsupported', reason, { cause: error });
    }
  }

  async #resolve(path: string): Promise<string> {
    let real: string;
    try {
      real = await realpath(path);
    } catch (error) {
      throw sourceFault(path, error);
    }
    const own = this.#options.ownDirectories.find(
      (directory) => real === directory || real.startsWith(`${directory}/`),
    );
    if (own !== undefined) {
      const where = real === path ? path : `${path} leads to ${real}, which`;
      throw new Fault('forbidden', `${where} belongs to yurt itself: no instance may see it`);
    }
    // Whoever may write on the way there could lead it elsewhere by the next start, out of what a project allows.
    if (real !== path) throw new Fault('invalid', `${path} leads to ${real} by a symbolic link: give that path`);
    return real;
  }

  /** Where ids are those of the host, no permission keeps root of the instance from what is below. */
  #refuseAbove(real: string): void {
    const own = this.#options.ownDirectories.find((directory) => directory.startsWith(`${real}/`));
    if (own === undefined) return;
    throw new Fault('forbidden', `${own} below ${real} belongs to yurt itself: no instance may see it as root does`);
  }

  /** Opens what `#resolve` has checked and nothing else, should somebody exchange it meanwhile. */
  #open(real: string): number {
    let fd: number;
    try {
      fd = openat2(-100, real, O_PATH, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
    } catch (error) {
      throw sourceFault(real, error);
    }
    if (readlinkSync(`/proc/self/fd/${fd}`) === real) return fd;
    closeSync(fd);
    throw new Fault('unavailable', `${real} changed while it was opened`);
  }

  async #help(args: readonly string[], fds: readonly number[]): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    const result = await this.#options.run([this.#options.program, ...args], { fds, signal });
    if (result.exitCode !== 0) throw helperFault(result);
  }
}

/** Of a living process: its root directory, mount and user namespace. All of the same one, whatever happens to the pid. */
function instanceDescriptors(pid: number): number[] {
  const directory = openSync(`/proc/${pid}`, O_DIRECTORY);
  const opened: number[] = [];
  try {
    const at = (name: string, flags: number) => openSync(`/proc/self/fd/${directory}/${name}`, flags);
    opened.push(at('root', O_PATH | O_DIRECTORY));
    opened.push(at('ns/mnt', 0));
    opened.push(at('ns/user', 0));
    return opened;
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw new Fault('wrong-state', 'The instance is not running', { cause: error });
  } finally {
    closeSync(directory);
  }
}

function isDirectory(fd: number): boolean {
  try {
    closeSync(openat2(fd, '.', O_PATH | O_DIRECTORY, RESOLVE_NO_MAGICLINKS));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

function sourceFault(path: string, error: unknown): Fault {
  const errno = errnoOf(error) ?? '';
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new Fault('not-found', `${path} does not exist`, { cause: error });
  return new Fault(codeOfErrno(errno), `${path}: ${describe(errno)}`, { cause: error });
}

/** The helper prints `ERRNO: what was tried`. */
function helperFault({ stderr }: RunResult): Fault {
  const match = /^(E[A-Z0-9]+): (.*)$/m.exec(stderr.slice(0, 2 * maxPathBytes));
  if (match === null) return new Fault('internal', `The mounter failed: ${stderr.trim().slice(0, 200)}`);
  const [, errno = '', what = ''] = match;
  return new Fault(codeOfErrno(errno), `${what}: ${describe(errno)}`);
}

function describe(errno: string): string {
  const found = [...getSystemErrorMap().values()].find(([name]) => name === errno);
  return found?.[1] ?? errno;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
