import type { InstancePlace, InstancePlaces } from '../instances/instance-places.ts';
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
  readonly #places: Pick<InstancePlaces, 'find' | 'uuidAt'>;

  constructor(access: () => Access, places: Pick<InstancePlaces, 'find' | 'uuidAt'>) {
    this.#access = access;
    this.#places = places;
  }

  get everything(): boolean {
    return this.#access().server === 'admin';
  }

  role(project: string, instance?: string): Role | undefined {
    const { server, projects, instances } = this.#access();
    const inProject = highest(server, projects.get(project));
    const uuid = instance === undefined ? undefined : this.#places.uuidAt({ project, name: instance });
    return uuid === undefined ? inProject : highest(inProject, instances.get(uuid));
  }

  enters(project: string): boolean {
    return this.role(project) !== undefined || this.instances().some((place) => place.project === project);
  }

  instances(): InstancePlace[] {
    return [...this.#access().instances.keys()].flatMap((uuid) => this.#places.find(uuid) ?? []);
  }
}
