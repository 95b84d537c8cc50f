import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { attachMount, cloneMount, mount, mountFlags, setMountAttributes, unmountDetached } from '../../native/mount.ts';
import { errnoOf, Fault, type FaultCode } from '../base/fault.ts';

/** What an overlay is made of. Absolute paths of directories; those of `lower` may be `MappedBind.path`. */
export interface OverlayRequest {
  /** Shown as the source in mountinfo: who the mount belongs to. */
  readonly label: string;
  /** Read-only layers, the topmost first. */
  readonly lower: readonly string[];
  /** What is written to, with its work directory. Without it the overlay is read-only and needs two lower layers. */
  readonly upper?: { readonly diff: string; readonly work: string };
  readonly target: string;
  /** Further options, one `name=value` each, in the kernel's words. */
  readonly options: readonly string[];
  /** Whether device nodes in it work. */
  readonly devices: boolean;
}

/** A directory that is also visible elsewhere, read-only and with other ids. Disposing detaches it from there. */
export interface MappedBind extends AsyncDisposable {
  /** Leads to it through a descriptor, as long as it is not disposed of; only in this process. */
  readonly path: string;
}

/**
 * The mounts of this server. Faults: `unsupported` when the kernel or a file system cannot do it, `in-use` when the upper
 * of an overlay still belongs to another one; other failures keep the errno of the system call.
 */
export interface Mounts {
  /** Shows `source` on `target`, read-only and with its ids as the namespace maps them. */
  bindMapped(source: string, target: string, namespaceFd: number): Promise<MappedBind>;
  /** Mounts an overlay that does not propagate. */
  overlay(request: OverlayRequest): Promise<void>;
  /**
   * Takes away the topmost mount on a directory: gone for every path when this resolves. What nobody uses any more is
   * then still written to the disk; `settled` tells when that is over. EINVAL when nothing is mounted there.
   */
  unmount(directory: string): Promise<Unmounted>;
  /** Whether something is mounted on the directory. False for one that does not exist. */
  isMountPoint(directory: string): Promise<boolean>;
  /** The directories below `directory` with a mount on them, one entry for each mount, the last mounted first. */
  below(directory: string): Promise<string[]>;
}

/** Mounts that nobody can write through. Faults as of `Mounts`. */
export interface FrozenMounts {
  /**
   * Shows the directory `source` on the empty directory `target` so that nobody who gets a copy of the mount can write
   * through it, with whatever flags they mount it again: the file system itself is read-only. `label` as of an overlay.
   */
  frozen(label: string, source: string, target: string): Promise<void>;
}

export interface Unmounted {
  /** Never rejects. */
  readonly settled: Promise<void>;
}

/** One page, less what the kernel adds: mount(2). */
const maxOptionBytes = 4000;
const pathOnly = 0o10000000; // O_PATH, not among Node's constants
const directoryOnly = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export class KernelMounts implements Mounts, FrozenMounts {
  async bindMapped(source: string, target: string, namespaceFd: number): Promise<MappedBind> {
    await using from = await open(source, directoryOnly);
    await using to = await open(target, directoryOnly);
    const fd = cloneMount(from.fd);
    try {
      setMountAttributes(fd, { readOnly: true, namespaceFd });
      // overlay takes only layers that are attached in a mount namespace, before Linux 6.15 its own.
      attachMount(fd, to.fd);
    } catch (error) {
      closeSync(fd);
      throw explained(error, 'EINVAL', 'unsupported', `The file system of ${source} cannot show other ids`);
    }
    const path = `/proc/self/fd/${fd}`;
    const detach = async () => {
      try {
        await unmountDetached(path);
      } finally {
        closeSync(fd);
      }
    };
    return { path, [Symbol.asyncDispose]: detach };
  }

  async overlay({ label, lower, upper, target, options, devices }: OverlayRequest): Promise<void> {
    await using layers = new AsyncDisposableStack();
    const through = async (path: string) => `/proc/self/fd/${layers.use(await open(path, layerFlags(path))).fd}`;
    // By descriptor: short enough for many layers in the one page of options, and free of `:`, `,` and `\`.
    const lowerPaths: string[] = [];
    for (const path of lower) lowerPaths.push(await through(path));
    const data = [`lowerdir=${lowerPaths.join(':')}`];
    if (upper !== undefined) {
      data.push(`upperdir=${await through(upper.diff)}`, `workdir=${await through(upper.work)}`);
    }
    const text = [...data, ...options].join(',');
    if (text.length > maxOptionBytes) throw new Fault('exhausted', `Too many layers for one mount: ${lower.length}`);
    const point = await through(target);
    try {
      await mount(label, point, 'overlay', devices ? 0 : mountFlags.noDevices, text);
    } catch (error) {
      throw explained(error, 'ENODEV', 'unsupported', 'The kernel has no overlay file system');
    }
    // On top of `target` now: its own path leads to the new mount, the descriptor to the directory below.
    await mount('none', target, null, mountFlags.private, null);
  }

  async frozen(label: string, source: string, target: string): Promise<void> {
    await using from = await open(source, directoryOnly);
    await using to = await open(target, directoryOnly);
    // An overlay without an upper cannot be written to (Documentation/filesystems/overlayfs.rst, "Multiple lower layers",
    // which asks for two). A bind mount has a flag only, and a runtime that clones it takes away the lock on the flag.
    const data = `lowerdir=/proc/self/fd/${from.fd}:/proc/self/fd/${to.fd}`;
    const flags = mountFlags.readOnly | mountFlags.noDevices | mountFlags.noSetId;
    try {
      await mount(label, `/proc/self/fd/${to.fd}`, 'overlay', flags, data);
    } catch (error) {
      throw explained(error, 'ENODEV', 'unsupported', 'The kernel has no overlay file system');
    }
    await mount('none', target, null, mountFlags.private, null);
  }

  async unmount(directory: string): Promise<Unmounted> {
    // While this descriptor is open the file system stays; the kernel writes it out when it is closed, and not before
    // umount2 returns, as it would otherwise.
    const last = await open(directory, directoryOnly);
    try {
      await unmountDetached(directory);
    } catch (error) {
      await last.close();
      throw error;
    }
    return { settled: last.close().catch(() => {}) };
  }

  async isMountPoint(directory: string): Promise<boolean> {
    const own = mountIdOf(directory);
    return own !== undefined && own !== mountIdOf(`${directory}/..`);
  }

  async below(directory: string): Promise<string[]> {
    const points = parseMountPoints(await readFile('/proc/self/mountinfo', 'utf8'));
    return points.filter((point) => point.startsWith(`${directory}/`)).reverse();
  }
}

/** The mount points of a mountinfo file, in the order of mounting (proc(5)). */
export function parseMountPoints(mountinfo: string): string[] {
  return parseMounts(mountinfo).map(({ point }) => point);
}

export interface MountEntry {
  readonly id: string;
  readonly point: string;
}

/** The mounts of a mountinfo file, in the order of mounting (proc(5)). */
export function parseMounts(mountinfo: string): MountEntry[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [id = '', , , , point] = line.split(' ');
    return point === undefined ? [] : [{ id, point: decodeOctal(point) }];
  });
}

/** The kernel writes space, tab, newline and backslash as three octal digits, and leaves other bytes alone. */
function decodeOctal(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** A path of `MappedBind` leads through a descriptor, which is a link; every other one must be a directory itself. */
function layerFlags(path: string): number {
  return path.startsWith('/proc/self/fd/') ? pathOnly | constants.O_DIRECTORY : directoryOnly;
}

/** The id of the mount that a path leads to (proc_pid_fdinfo(5)); undefined when nothing is there. */
function mountIdOf(path: string): string | undefined {
  try {
    using stack = new DisposableStack();
    const fd = stack.adopt(openSync(path, pathOnly), closeSync);
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    return /^mnt_id:\s*(\d+)$/m.exec(info)?.[1];
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The error as a fault with a message for users, if it is the errno that the message explains. */
function explained(error: unknown, errno: string, code: FaultCode, message: string): unknown {
  return errnoOf(error) === errno ? new Fault(code, message, { cause: error }) : error;
}
