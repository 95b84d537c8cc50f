import type { Effect, Step } from '../state/effect.ts';
import type { State } from '../state/state.ts';
import type { KeyName } from './key-name.ts';

/** Where the help lists a command. */
export type Section =
  | 'Move'
  | 'Instances'
  | 'Snapshots'
  | 'Configuration'
  | 'Files'
  | 'Panes'
  | 'Lists'
  | 'Text'
  | 'Screens'
  | 'Program';

/** An action of a user: what its keys, the footer, the help and the palette offer follows from it. */
export interface Command {
  /** What the palette calls it: `stop`, `sort-reverse`. */
  readonly id: string;
  readonly section: Section;
  readonly keys: readonly KeyName[];
  /** One or two words for the footer; without it, the footer does not show it. */
  readonly hint?: string;
  /** A line for the help and the palette. */
  readonly help: string;
  /** Whether its keys mean this where one is. */
  readonly here: (state: State) => boolean;
  /** Why it cannot be done now though it is meant; undefined when it can. */
  readonly obstacle?: (state: State) => string | undefined;
  readonly run: (state: State) => Step<State>;
}

export function only(state: State): Step<State> {
  return { state, effects: [] };
}

export function asking(state: State, ...effects: readonly Effect[]): Step<State> {
  return { state, effects };
}
