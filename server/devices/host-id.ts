import { Fault } from '../base/fault.ts';
import { type IdMap, rangesOf } from '../base/id-map.ts';

/** The id of the host that an id of the instance is. Fault `invalid` for one that the instance has not. */
export function hostId(map: IdMap, kind: 'users' | 'groups', option: string, id: number): number {
  const ranges = rangesOf(map)[kind];
  const range = ranges.find(({ inside, size }) => id >= inside && id < inside + size);
  if (range !== undefined) return range.outside + id - range.inside;
  const last = Math.max(...ranges.map(({ inside, size }) => inside + size - 1));
  throw new Fault('invalid', `${option} ${id} does not exist in the instance: it has 0 to ${last}`);
}
