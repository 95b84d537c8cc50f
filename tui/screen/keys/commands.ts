import type { State } from '../state/state.ts';
import { keysOf } from './bindings.ts';
import type { Command } from './command.ts';
import { contentCommands } from './content-commands.ts';
import { documentCommands } from './document-commands.ts';
import { fileCommands } from './file-commands.ts';
import { instanceCommands } from './instance-commands.ts';
import type { KeyName } from './key-name.ts';
import { listCommands } from './list-commands.ts';
import { objectCommands } from './object-commands.ts';
import { paneCommands } from './pane-commands.ts';
import { screenCommands } from './screen-commands.ts';
import { snapshotCommands } from './snapshot-commands.ts';
import { textCommands } from './text-commands.ts';

/** The one table of commands. Where two are for the same key, the first that is meant where one is wins. */
export const commands: readonly Command[] = [
  ...fileCommands,
  ...snapshotCommands,
  ...contentCommands,
  ...paneCommands,
  ...textCommands,
  ...objectCommands,
  ...instanceCommands,
  ...listCommands,
  ...documentCommands,
  ...screenCommands,
];

/** What a key means where one is. */
export function commandFor(state: State, key: KeyName): Command | undefined {
  return commands.find((command) => keysOf(state.bindings, command).includes(key) && command.here(state));
}

/** Commands that can be meant where one is, each by the keys that still mean it there. */
export function commandsHere(state: State): { readonly command: Command; readonly keys: readonly KeyName[] }[] {
  return commands
    .filter((command) => command.here(state))
    .map((command) => ({ command, own: keysOf(state.bindings, command) }))
    .map(({ command, own }) => ({ command, own, keys: own.filter((key) => commandFor(state, key) === command) }))
    .filter(({ own, keys }) => keys.length > 0 || own.length === 0)
    .map(({ command, keys }) => ({ command, keys }));
}

/** A command by its id, where one is. */
export function commandNamed(state: State, id: string): Command | undefined {
  return commands.find((command) => command.id === id && command.here(state));
}
