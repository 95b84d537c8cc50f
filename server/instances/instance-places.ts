import type { Instance } from './instance.ts';

export type InstancePlace = Pick<Instance, 'project' | 'name'>;

/** Where instances are, by their uuids: what outlives renames and moves refers to instances by these. */
export class InstancePlaces {
  readonly #places = new Map<string, InstancePlace>();
  readonly #uuids = new Map<string, string>();

  /** Undefined for an instance that does not exist any more. */
  find(uuid: string): InstancePlace | undefined {
    return this.#places.get(uuid);
  }

  /** Undefined when no instance is there. */
  uuidAt({ project, name }: InstancePlace): string | undefined {
    return this.#uuids.get(`${project}/${name}`);
  }

  put({ uuid, project, name }: Pick<Instance, 'uuid' | 'project' | 'name'>): void {
    this.remove({ uuid });
    this.#places.set(uuid, { project, name });
    this.#uuids.set(`${project}/${name}`, uuid);
  }

  remove({ uuid }: Pick<Instance, 'uuid'>): void {
    const place = this.#places.get(uuid);
    if (place === undefined) return;
    this.#places.delete(uuid);
    if (this.uuidAt(place) === uuid) this.#uuids.delete(`${place.project}/${place.name}`);
  }
}
