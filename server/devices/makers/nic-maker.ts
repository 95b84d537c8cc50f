import type { Task } from '../../base/task.ts';
import type { NetworkDriver, NicRequest } from '../../networks/contract.ts';
import type { DeviceOwner } from '../device.ts';
import type { PartMaker, PartOf, Plug } from '../part-maker.ts';
import type { NicPart } from '../parts.ts';

export interface NicMakerDeps {
  /** Faults: `not-found`, `unavailable`. */
  readonly network: (name: string) => NetworkDriver;
  /** Whose instances are known by their names alone. */
  readonly defaultProject: string;
  /** Fault `not-found`. */
  readonly checkNetwork: (name: string) => void;
  /** Addresses of a network that nics of other instances are to have, whether they run or not. */
  readonly claimed: (network: string, uuid: string) => Promise<ReadonlySet<string>>;
}

export class NicMaker implements PartMaker<NicPart> {
  readonly #deps: NicMakerDeps;

  constructor(deps: NicMakerDeps) {
    this.#deps = deps;
  }

  async check(part: NicPart): Promise<void> {
    this.#deps.checkNetwork(part.network);
  }

  /** Reserves address and name while the instance is made; the link needs its network namespace. */
  async prepare(task: Task, it: PartOf<NicPart>): Promise<Plug> {
    const network = this.#deps.network(it.part.network);
    const request = this.#request(it);
    const claimed =
      it.part.ipv4 === undefined ? await this.#deps.claimed(it.part.network, it.owner.uuid) : new Set<string>();
    const prepared = await network.attach(task, request, claimed);
    return async (plugTask, pid) => await network.enter(plugTask, prepared, request, pid);
  }

  /** Addresses and rules are the network's matter; the link itself stays. */
  readonly canAdjust = (before: NicPart, after: NicPart): boolean =>
    JSON.stringify(linkOf(before)) === JSON.stringify(linkOf(after));

  async adjust(task: Task, it: PartOf<NicPart>): Promise<void> {
    await this.#deps.network(it.part.network).adjust(task, this.#request(it));
  }

  /** The link may be renamed or removed inside, and its network brings it back into order: only its rules are seen from here. */
  async works(it: PartOf<NicPart>): Promise<boolean> {
    return it.part.rules === undefined || (await this.#deps.network(it.part.network).holds(this.#request(it)));
  }

  async unmake(task: Task, { owner, part }: PartOf<NicPart>): Promise<void> {
    await this.#deps.network(part.network).detach(task, { instanceId: owner.uuid, name: part.name });
  }

  #request({ owner, part }: PartOf<NicPart>): NicRequest {
    return nicRequest(owner, part, this.#deps.defaultProject);
  }
}

function linkOf({ ipv4: _, ipv6: __, rules: ___, ...link }: NicPart): unknown {
  return link;
}

export function nicRequest(
  owner: DeviceOwner,
  { kind: _, network: __, ...part }: NicPart,
  defaultProject: string,
): NicRequest {
  const project = owner.project === defaultProject ? {} : { project: owner.project };
  return { instanceId: owner.uuid, instanceName: owner.name, ...project, ...part };
}
