import { Fault } from '../../base/fault.ts';
import type { Task } from '../../base/task.ts';
import type { DeviceNodes, NodeNumbers } from '../../host/device-nodes.ts';
import type { InstanceMounts } from '../../host/instance-mounts.ts';
import { hostId } from '../host-id.ts';
import type { PartMaker, PartOf, Plug } from '../part-maker.ts';
import type { NodePart } from '../parts.ts';

/**
 * Device nodes. An instance cannot make one, so the server makes it among its own files, with owner and permissions as
 * the instance should see them, and mounts it inside: the mount is what gives access, and takes it when it goes.
 */
export class NodeMaker implements PartMaker<NodePart> {
  readonly #nodes: DeviceNodes;
  readonly #mounts: InstanceMounts;

  constructor(nodes: DeviceNodes, mounts: InstanceMounts) {
    this.#nodes = nodes;
    this.#mounts = mounts;
  }

  async check(part: NodePart): Promise<void> {
    await this.#numbers(part);
  }

  async prepare(_task: Task, it: PartOf<NodePart>): Promise<Plug> {
    const { owner, part } = it;
    if (owner.idMap.hostBase === 0) {
      // Its filter of devices is the runtime's: on cgroup v2 a program that only the runtime could replace.
      throw new Fault('unsupported', 'A privileged instance gets no further device nodes');
    }
    const numbers = await this.#numbers(part);
    if (numbers === undefined) return async () => {};
    const path = nodePath(it);
    const [uid, gid] = [hostId(owner.idMap, 'users', 'uid', part.uid), hostId(owner.idMap, 'groups', 'gid', part.gid)];
    await this.#nodes.make(path, { nodeType: part.nodeType, ...numbers, uid, gid, mode: part.mode });
    return async (_plugTask, pid) => await this.#mounts.attach(pid, owner.idMap, mountOf(part, path), receipt(it));
  }

  /** One that may be missing comes and goes with that of the host, and is exchanged with it. */
  async works(it: PartOf<NodePart>): Promise<boolean> {
    if (it.part.required) return true;
    const made = { ...it.part, from: { path: nodePath(it) } };
    const [wanted, present] = await Promise.all([this.#numbers(it.part), this.#numbers(made)]);
    return wanted?.major === present?.major && wanted?.minor === present?.minor;
  }

  async unmake(_task: Task, it: PartOf<NodePart>, pid: number | undefined): Promise<void> {
    await this.#mounts.detach(pid, it.part.target, receipt(it));
    await this.#nodes.remove(nodePath(it));
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
