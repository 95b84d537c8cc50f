import type { Task } from '../base/task.ts';
import type { NicPart } from '../devices/parts.ts';
import { nic } from '../devices/types/nic.ts';
import type { NetworkDriver, NicRequest, PreparedNic } from '../networks/contract.ts';
import { defaultProject } from '../projects/project.ts';
import type { Expanded, Instance } from './instance.ts';

export interface NicDeps {
  readonly network: (name: string) => NetworkDriver;
  /** For a nic that came by a profile after the instance was made: follows from instance and device. */
  readonly hwaddr: (uuid: string, device: string) => string;
}

export interface InstanceNic {
  readonly network: string;
  readonly request: NicRequest;
}

/** The nics that an instance has, from its devices, in the order of their names. */
function nicsOf(instance: Instance, expanded: Expanded, hwaddr: NicDeps['hwaddr']): InstanceNic[] {
  return Object.entries(expanded.devices)
    .filter(([, device]) => device['type'] === 'nic')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, device]) => nic.parts({ owner: instance, name, device, hwaddr }))
    .map((part) => ({ network: part.network, request: requestOf(instance, part) }));
}

function requestOf(instance: Instance, { name, hwaddr }: NicPart): NicRequest {
  const project = instance.project === defaultProject ? {} : { project: instance.project };
  return { instanceId: instance.uuid, instanceName: instance.name, ...project, name, hwaddr };
}

/** Connects and disconnects all nics of an instance. */
export class Nics {
  readonly #deps: NicDeps;

  constructor(deps: NicDeps) {
    this.#deps = deps;
  }

  of(instance: Instance, expanded: Expanded): InstanceNic[] {
    return nicsOf(instance, expanded, this.#deps.hwaddr);
  }

  /** Reserves address and name of each; the caller detaches them all when a later step fails. */
  async attach(task: Task, nics: readonly InstanceNic[]): Promise<PreparedNic[]> {
    return await Promise.all(nics.map((nic) => this.#deps.network(nic.network).attach(task, nic.request)));
  }

  /** Makes the links, with their inner ends in the network namespace of `pid`. */
  async enter(task: Task, nics: readonly InstanceNic[], prepared: readonly PreparedNic[], pid: number): Promise<void> {
    for (const [index, nic] of nics.entries()) {
      const link = prepared[index];
      if (link !== undefined) await this.#deps.network(nic.network).enter(task, link, nic.request, pid);
    }
  }

  async detach(task: Task, nics: readonly InstanceNic[]): Promise<void> {
    for (const nic of nics) await this.#deps.network(nic.network).detach(task, nic.request);
  }
}
