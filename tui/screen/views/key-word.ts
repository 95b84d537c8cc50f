import { type Bindings, keysOf } from '../keys/bindings.ts';
import { commands } from '../keys/commands.ts';
import { keyLabel } from './key-label.ts';

/** The key that a command has for this user, as it is said in a sentence; without one, the way by the palette. */
export function keyWord(bindings: Bindings, id: string): string {
  const command = commands.find((one) => one.id === id);
  if (command === undefined) throw new Error(`There is no command "${id}"`);
  const [key] = keysOf(bindings, command);
  if (key !== undefined) return keyLabel(key);
  return id === 'palette' ? 'nothing' : `${keyWord(bindings, 'palette')}${id}`;
}
