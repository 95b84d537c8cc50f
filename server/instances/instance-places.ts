import type { Instance } from './instance.ts';

export type InstancePlace = Pick<Instance, 'project' | 'name'>;

/** Where instances are, by their uuids: what outlives renames and moves refers to instances by these. */
export class InstancePlaces {
  readonly #places = new Map<string, InstancePlace>();

  /** Undefined for an instance that does not exist any more. */
  find(uuid: string): InstancePlace | undefined {
    return this.#places.get(uuid);
  }

  put({ uuid, project, name }: Pick<Instance, 'uuid' | 'project' | 'name'>): void {
    this.#places.set(uuid, { project, name });
  }

  remove({ uuid }: Pick<Instance, 'uuid'>): void {
    this.#places.delete(uuid);
  }
}
