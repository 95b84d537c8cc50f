import { chmod, chown, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';
import { type Run, runChecked } from './run.ts';

/** Character devices that are safe in every instance; numbers: Documentation/admin-guide/devices.txt. */
const nodes = [
  { name: 'fuse', major: 10, minor: 229 },
  { name: 'tun', major: 10, minor: 200 },
] as const;

/**
 * Makes device nodes that anybody may open, for instances to have bound into their /dev: those of the host belong to its
 * root, who is nobody inside. Both drivers check for themselves what the opener's user namespace allows.
 */
export async function makeDeviceNodes(run: Run, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  for (const { name, major, minor } of nodes) {
    const path = join(directory, name);
    if (!(await isNode(path))) await runChecked(run, ['mknod', path, 'c', String(major), String(minor)]);
    await chmod(path, 0o666);
  }
}

export type NodeType = 'c' | 'b';

/** Character devices that belong to every system. */
export const systemNodes: readonly NodeNumbers[] = [
  [1, 3], // null, zero, full, random, urandom; kmsg is not among them
  [1, 5],
  [1, 7],
  [1, 8],
  [1, 9],
  [5, 0], // tty, console, ptmx
  [5, 1],
  [5, 2],
  ...nodes.map(({ major, minor }) => [major, minor]),
].map(([major = 0, minor = 0]) => ({ major, minor }));

export interface NodeNumbers {
  readonly major: number;
  readonly minor: number;
}

export interface DeviceNode extends NodeNumbers {
  readonly nodeType: NodeType;
  /** As the host sees them. */
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Device nodes of the host, and those that the server makes for single instances. */
export interface DeviceNodes {
  /** The numbers of a node of the host. Faults: `not-found`, `invalid` for a file of another type. */
  numbersOf(path: string, nodeType: DeviceNode['nodeType']): Promise<NodeNumbers>;
  /** Makes a node at a path of the server's own, in place of what is there. */
  make(path: string, node: DeviceNode): Promise<void>;
  /** How many of those that were made below a directory are this device. */
  count(directory: string, node: NodeNumbers & Pick<DeviceNode, 'nodeType'>): Promise<number>;
  /** Idempotent. */
  remove(path: string): Promise<void>;
}

/** Nodes through mknod(1). */
export class HostDeviceNodes implements DeviceNodes {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async numbersOf(path: string, nodeType: DeviceNode['nodeType']): Promise<NodeNumbers> {
    const status = await stat(path, { bigint: true }).catch((error: unknown) => {
      throw errnoOf(error) === 'ENOENT' ? new Fault('not-found', `${path} does not exist`, { cause: error }) : error;
    });
    const right = nodeType === 'c' ? status.isCharacterDevice() : status.isBlockDevice();
    if (!right) throw new Fault('invalid', `${path} is not a ${nodeType === 'c' ? 'character' : 'block'} device`);
    return numbersOfDevice(status.rdev);
  }

  async make(path: string, { nodeType, major, minor, uid, gid, mode }: DeviceNode): Promise<void> {
    await rm(path, { force: true });
    await runChecked(this.#run, ['mknod', '-m', '000', path, nodeType, String(major), String(minor)]);
    await chown(path, uid, gid);
    await chmod(path, mode);
  }

  async count(directory: string, node: NodeNumbers & Pick<DeviceNode, 'nodeType'>): Promise<number> {
    let count = 0;
    for (const name of await readdir(directory, { recursive: true })) {
      const status = await lstat(join(directory, name), { bigint: true });
      const isSame = node.nodeType === 'c' ? status.isCharacterDevice() : status.isBlockDevice();
      const { major, minor } = numbersOfDevice(status.rdev);
      if (isSame && major === node.major && minor === node.minor) count += 1;
    }
    return count;
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }
}

/** makedev(3): 12 bits of major and 20 of minor, as glibc packs them into 64. */
export function numbersOfDevice(device: bigint): NodeNumbers {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}

async function isNode(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isCharacterDevice();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
