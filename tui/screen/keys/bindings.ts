import type { Command } from './command.ts';
import type { KeyName } from './key-name.ts';

/** Keys that a user gave to commands instead of those of the table, by the commands' ids. */
export type Bindings = ReadonlyMap<string, readonly KeyName[]>;

/** The keys that a command has for this user; none: the palette alone has it. */
export function keysOf(bindings: Bindings, { id, keys }: Pick<Command, 'id' | 'keys'>): readonly KeyName[] {
  return bindings.get(id) ?? keys;
}
