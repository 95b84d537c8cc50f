import type { InstancePlace } from '../instances/instance-places.ts';
import type { Access } from '../trust/access.ts';
import { highest, type Role } from '../trust/role.ts';

/** All that a caller sees at the moment, and what it may do with it. */
export interface Sight {
  /** Everything there is, and all that may be done. */
  readonly everything: boolean;
  /** In a project with all that is in it, or to one instance. Undefined: it does not exist for the caller. */
  role(project: string, instance?: string): Role | undefined;
  /** Whether something in the project exists for the caller. */
  enters(project: string): boolean;
  /** Those that exist for the caller one by one, besides all that are in projects. */
  instances(): readonly InstancePlace[];
}

export const fullSight: Sight = { everything: true, role: () => 'admin', enters: () => true, instances: () => [] };

export const noSight: Sight = { everything: false, role: () => undefined, enters: () => false, instances: () => [] };

/** What an access allows, as long as it does: whatever is asked is answered from how things are then. */
export class AccessSight implements Sight {
  readonly #access: () => Access;
  readonly #place: (uuid: string) => InstancePlace | undefined;

  constructor(access: () => Access, place: (uuid: string) => InstancePlace | undefined) {
    this.#access = access;
    this.#place = place;
  }

  get everything(): boolean {
    return this.#access().server === 'admin';
  }

  role(project: string, instance?: string): Role | undefined {
    const { server, projects } = this.#access();
    const inProject = highest(server, projects.get(project));
    if (instance === undefined) return inProject;
    const own = this.#instances().filter(({ place }) => place.project === project && place.name === instance);
    return highest(inProject, ...own.map(({ role }) => role));
  }

  instances(): InstancePlace[] {
    return this.#instances().map(({ place }) => place);
  }

  enters(project: string): boolean {
    return this.role(project) !== undefined || this.#instances().some(({ place }) => place.project === project);
  }

  #instances(): { readonly place: InstancePlace; readonly role: Role }[] {
    return [...this.#access().instances].flatMap(([uuid, role]) => {
      const place = this.#place(uuid);
      return place === undefined ? [] : [{ place, role }];
    });
  }
}
