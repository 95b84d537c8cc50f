import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cgroups } from './cgroups.ts';
import type { NodeNumbers, NodeType } from './device-nodes.ts';

/** A device that processes may open. */
export interface DeviceAccess extends NodeNumbers {
  readonly nodeType: NodeType;
}

/** Which devices processes of a cgroup may open, whatever nodes they have. Paths as `Runtime.cgroupOf` says. */
export interface DeviceFilter {
  /** Whether it can change once the runtime has made it. On cgroup v2 it is a program, which only the runtime has. */
  readonly isLive: boolean;
  /** Idempotent, as `deny`. */
  allow(cgroup: string, device: DeviceAccess): Promise<void>;
  deny(cgroup: string, device: DeviceAccess): Promise<void>;
}

/** Through the controller of cgroup v1: Documentation/admin-guide/cgroup-v1/devices.rst. */
export class CgroupDeviceFilter implements DeviceFilter {
  readonly #mount: string | undefined;

  constructor(cgroups: Pick<Cgroups, 'legacy'>) {
    this.#mount = cgroups.legacy.get('devices');
  }

  get isLive(): boolean {
    return this.#mount !== undefined;
  }

  async allow(cgroup: string, device: DeviceAccess): Promise<void> {
    await this.#write(cgroup, 'devices.allow', device);
  }

  async deny(cgroup: string, device: DeviceAccess): Promise<void> {
    await this.#write(cgroup, 'devices.deny', device);
  }

  /** Not `m`: every instance with a filter may make nodes, which are worth nothing then. */
  async #write(cgroup: string, file: string, { nodeType, major, minor }: DeviceAccess): Promise<void> {
    if (this.#mount === undefined) return;
    await writeFile(join(this.#mount, cgroup, file), `${nodeType} ${major}:${minor} rw`, { flag: 'r+' });
  }
}
