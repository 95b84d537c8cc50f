import { dirname } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { Task } from '../../base/task.ts';
import type { DeviceAccess, DeviceFilter } from '../../host/device-filter.ts';
import { type DeviceNodes, type NodeNumbers, systemNodes } from '../../host/device-nodes.ts';
import type { InstanceMounts } from '../../host/instance-mounts.ts';
import type { DeviceOwner } from '../device.ts';
import { hostId } from '../host-id.ts';
import type { PartMaker, PartOf, Plug } from '../part-maker.ts';
import type { NodePart } from '../parts.ts';

export interface NodeMakerDeps {
  readonly nodes: DeviceNodes;
  readonly mounts: InstanceMounts;
  /** Of privileged instances: others can open the nodes that they are given, and no other. */
  readonly filter: DeviceFilter;
  readonly cgroupOf: (uuid: string) => string;
}

/**
 * Device nodes. An instance cannot make one, so the server makes it among its own files, with owner and permissions as
 * the instance should see them, and mounts it inside: the mount is what gives access, and takes it when it goes.
 */
export class NodeMaker implements PartMaker<NodePart> {
  readonly #nodes: DeviceNodes;
  readonly #mounts: InstanceMounts;
  readonly #filter: DeviceFilter;
  readonly #cgroupOf: (uuid: string) => string;

  constructor({ nodes, mounts, filter, cgroupOf }: NodeMakerDeps) {
    this.#nodes = nodes;
    this.#mounts = mounts;
    this.#filter = filter;
    this.#cgroupOf = cgroupOf;
  }

  async check(part: NodePart): Promise<void> {
    await this.#numbers(part);
  }

  /** Taking away the node alone would leave the device open to others that root inside makes. */
  async checkLive(owner: DeviceOwner, part: NodePart): Promise<void> {
    const numbers = await this.#numbers({ ...part, required: false });
    if (numbers !== undefined && this.#isFixed(owner, part, numbers)) throw notWhileItRuns();
  }

  async access(part: NodePart): Promise<DeviceAccess[]> {
    const numbers = await this.#numbers(part);
    return numbers === undefined ? [] : [{ nodeType: part.nodeType, ...numbers }];
  }

  async prepare(_task: Task, it: PartOf<NodePart>, starting: boolean): Promise<Plug> {
    const { owner, part } = it;
    const numbers = await this.#numbers(part);
    if (numbers === undefined) return async () => {};
    const isFiltered = isPrivileged(owner) && !isOfSystem(part, numbers);
    if (!starting && this.#isFixed(owner, part, numbers)) throw notWhileItRuns();
    const path = nodePath(it);
    const [uid, gid] = [hostId(owner.idMap, 'users', 'uid', part.uid), hostId(owner.idMap, 'groups', 'gid', part.gid)];
    await this.#nodes.make(path, { nodeType: part.nodeType, ...numbers, uid, gid, mode: part.mode });
    return async (_plugTask, pid) => {
      const device = { nodeType: part.nodeType, ...numbers };
      if (isFiltered && this.#filter.isLive) await this.#filter.allow(this.#cgroupOf(owner.uuid), device);
      await this.#mounts.attach(pid, owner.idMap, mountOf(part, path), receipt(it));
    };
  }

  /** One that may be missing comes and goes with that of the host, and is exchanged with it. */
  async works(it: PartOf<NodePart>): Promise<boolean> {
    if (it.part.required) return true;
    const made = { ...it.part, from: { path: nodePath(it) } };
    const present = await this.#numbers(made);
    // What is there and is no device changes nothing.
    const wanted = await this.#numbers(it.part).catch(() => present);
    return wanted?.major === present?.major && wanted?.minor === present?.minor;
  }

  async unmake(_task: Task, it: PartOf<NodePart>, pid: number | undefined): Promise<void> {
    await this.#mounts.detach(pid, it.part.target, receipt(it));
    if (pid !== undefined && isPrivileged(it.owner)) await this.#deny(it);
    await this.#nodes.remove(nodePath(it));
  }

  #isFixed(owner: DeviceOwner, part: NodePart, numbers: NodeNumbers): boolean {
    return isPrivileged(owner) && !isOfSystem(part, numbers) && !this.#filter.isLive;
  }

  /** Unless another node of the instance is the same device. */
  async #deny(it: PartOf<NodePart>): Promise<void> {
    const made = await this.#numbers({ ...it.part, from: { path: nodePath(it) }, required: false });
    if (made === undefined || !this.#filter.isLive || isOfSystem(it.part, made)) return;
    const device = { nodeType: it.part.nodeType, ...made };
    const ofInstance = dirname(dirname(it.files));
    if ((await this.#nodes.count(ofInstance, device)) > 1) return;
    await this.#filter.deny(this.#cgroupOf(it.owner.uuid), device);
  }

  /** Undefined for one that does not exist and is not required. */
  async #numbers({ from, nodeType, required }: NodePart): Promise<NodeNumbers | undefined> {
    if ('major' in from) return from;
    try {
      return await this.#nodes.numbersOf(from.path, nodeType);
    } catch (error) {
      if (!required && error instanceof Fault && error.code === 'not-found') return undefined;
      throw error;
    }
  }
}

/** Root inside is root of the host: what keeps it from devices is a filter, not the lack of nodes. */
function isPrivileged({ idMap }: DeviceOwner): boolean {
  return idMap.hostBase === 0;
}

/** Every instance has these in any case. */
function isOfSystem({ nodeType }: NodePart, { major, minor }: NodeNumbers): boolean {
  return nodeType === 'c' && systemNodes.some((node) => node.major === major && node.minor === minor);
}

function notWhileItRuns(): Fault {
  const reason = 'on cgroup v2 the devices that a privileged instance may open are settled when it starts';
  return new Fault('unsupported', `${reason}: stop it first`);
}

function nodePath({ files }: PartOf<NodePart>): string {
  return `${files}.node`;
}

function receipt({ files }: PartOf<NodePart>): string {
  return `${files}.mount`;
}

function mountOf(part: NodePart, path: string) {
  return {
    source: { kind: 'own', path },
    target: part.target,
    readOnly: false,
    devices: true,
    recursive: false,
    propagation: 'private',
    shift: false, // it was made with the ids of the instance
  } as const;
}
