import { printable } from '../../output/printable.ts';
import type { Pane } from '../state/panes.ts';
import { type State, shownPage, shownTable } from '../state/state.ts';
import { asking, type Command, only } from './command.ts';
import { onLog } from './document-commands.ts';
import { onInstances, targetInstance, targetInstances } from './targets.ts';

const section = 'Panes';

/** Keys of the shells below the page. */
export const paneCommands: readonly Command[] = [
  {
    ...{ id: 'pane', section, keys: ['t'], here: (state) => onInstances(state) && !onLog(state), obstacle: notRunning },
    help: 'A shell below the list, for each that is marked; ctrl+] comes back to the list',
    run: (state) => asking(state, { kind: 'open-panes', keys: targetInstances(state).map(({ key }) => key) }),
  },
  {
    ...{ id: 'type-to-all', section, keys: ['T'], here: onPanes, obstacle: nonePresent },
    help: 'Type into all panes at once, until ctrl+]',
    run: (state) => asking(state, { kind: 'type-to-panes', ids: state.panes.map(({ id }) => id) }),
  },
  {
    ...{ id: 'look-back', section, keys: ['b'], here: onPanes, obstacle: nonePresent },
    help: 'What a pane has shown: to scroll, search, filter, copy, save; again: the next pane',
    run: (state) => {
      const pane = paneToRead(state);
      return pane === undefined ? only(state) : asking(state, { kind: 'read-pane', id: pane.id });
    },
  },
  {
    ...{ id: 'close-pane', section, keys: ['w'], here: onList, obstacle: noneOfTarget },
    help: 'Close the pane of this instance, and what runs in it',
    run: (state) => asking(state, { kind: 'close-panes', ids: panesOfTarget(state).map(({ id }) => id) }),
  },
  {
    ...{ id: 'close-panes', section, keys: ['W'], here: onPanes, obstacle: nonePresent },
    help: 'Close the panes, and what runs in them',
    run: (state) => asking(state, { kind: 'close-panes', ids: state.panes.map(({ id }) => id) }),
  },
];

/** On the page of an instance the same key is for its texts. */
function onList(state: State): boolean {
  return shownTable(state) === 'instances';
}

function onPanes(state: State): boolean {
  return onInstances(state) || shownPage(state).kind === 'scrollback';
}

/** The pane of the instance that one is at, or the one after that which is looked at, or the first. */
function paneToRead(state: State): Pane | undefined {
  const page = shownPage(state);
  if (page.kind !== 'scrollback') return panesOfTarget(state)[0] ?? state.panes[0];
  const at = state.panes.findIndex(({ id }) => id === page.id);
  return state.panes[(at + 1) % state.panes.length];
}

function panesOfTarget(state: State): readonly Pane[] {
  const key = targetInstance(state)?.key;
  return state.panes.filter((pane) => pane.key === key);
}

function nonePresent({ panes }: State): string | undefined {
  return panes.length === 0 ? 'There is no pane yet' : undefined;
}

function noneOfTarget(state: State): string | undefined {
  return panesOfTarget(state).length === 0 ? 'There is no pane of this instance' : undefined;
}

function notRunning(state: State): string | undefined {
  const rows = targetInstances(state);
  if (rows.length === 0) return 'There is no instance here';
  const other = rows.find(({ instance }) => instance.status !== 'INSTANCE_STATUS_RUNNING');
  return other === undefined ? undefined : `${printable(other.instance.name)} is not running`;
}
