import { Fault } from '../base/fault.ts';
import type { Instance } from './instance.ts';

/**
 * Refuses to put what belongs to an instance into another storage pool than its own; '' asks for none. Faults: `unsupported`, and
 * that of `find` for a pool that does not exist.
 */
export function stayInPool(
  { name, pool }: Pick<Instance, 'name' | 'pool'>,
  wanted: string,
  find: (name: string) => unknown,
): void {
  if (wanted === '' || wanted === pool) return;
  find(wanted);
  const reason = 'roots, and copies of them, stay in the pool where they were made';
  throw new Fault(
    'unsupported',
    `Instance "${name}" is in storage pool "${pool}" and cannot get into "${wanted}": ${reason}`,
  );
}
