import { Fault } from '../base/fault.ts';
import type { IdMap } from '../base/id-map.ts';

/** The id of the host that an id of the instance is. Fault `invalid` for one that the instance has not. */
export function hostId({ hostBase, size }: IdMap, option: string, id: number): number {
  if (id < size) return hostBase + id;
  throw new Fault('invalid', `${option} ${id} does not exist in the instance: it has 0 to ${size - 1}`);
}
