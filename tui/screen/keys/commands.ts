import type { State } from '../state/state.ts';
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

/** The one table of commands. Where two are for the same key, the first that is meant where one is wins. */
export const commands: readonly Command[] = [
  ...fileCommands,
  ...snapshotCommands,
  ...contentCommands,
  ...paneCommands,
  ...objectCommands,
  ...instanceCommands,
  ...listCommands,
  ...documentCommands,
  ...screenCommands,
];

/** What a key means where one is. */
export function commandFor(state: State, key: KeyName): Command | undefined {
  return commands.find((command) => command.keys.includes(key) && command.here(state));
}

/** Commands that can be meant where one is, each by the keys that still mean it there. */
export function commandsHere(state: State): { readonly command: Command; readonly keys: readonly KeyName[] }[] {
  return commands
    .filter((command) => command.here(state))
    .map((command) => ({ command, keys: command.keys.filter((key) => commandFor(state, key) === command) }))
    .filter(({ command, keys }) => keys.length > 0 || command.keys.length === 0);
}
