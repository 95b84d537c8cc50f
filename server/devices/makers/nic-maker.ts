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
  async prepare(task: Task, { owner, part }: PartOf<NicPart>): Promise<Plug> {
    const network = this.#deps.network(part.network);
    const request = nicRequest(owner, part, this.#deps.defaultProject);
    const prepared = await network.attach(task, request);
    return async (plugTask, pid) => await network.enter(plugTask, prepared, request, pid);
  }

  /** The link may be renamed or removed inside, and its network brings it back into order: nothing to see from here. */
  async works(): Promise<boolean> {
    return true;
  }

  async unmake(task: Task, { owner, part }: PartOf<NicPart>): Promise<void> {
    await this.#deps.network(part.network).detach(task, { instanceId: owner.uuid, name: part.name });
  }
}

export function nicRequest(owner: DeviceOwner, { name, hwaddr }: NicPart, defaultProject: string): NicRequest {
  const project = owner.project === defaultProject ? {} : { project: owner.project };
  return { instanceId: owner.uuid, instanceName: owner.name, ...project, name, hwaddr };
}
