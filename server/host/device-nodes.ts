import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/fault.ts';
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

async function isNode(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isCharacterDevice();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
