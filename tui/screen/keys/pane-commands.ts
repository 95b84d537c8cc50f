import { printable } from '../../output/printable.ts';
import type { State } from '../state/state.ts';
import { asking, type Command } from './command.ts';
import { onLog } from './document-commands.ts';
import { onInstances, targetInstances } from './targets.ts';

const section = 'Panes';

/** Keys of the shells below the page. */
export const paneCommands: readonly Command[] = [
  {
    ...{ id: 'pane', section, keys: ['t'], here: (state) => onInstances(state) && !onLog(state), obstacle: notRunning },
    help: 'A shell below the list, for each that is marked; ctrl+] comes back to the list',
    run: (state) => asking(state, { kind: 'open-panes', keys: targetInstances(state).map(({ key }) => key) }),
  },
  {
    ...{ id: 'type-to-all', section, keys: ['T'], here: onInstances, obstacle: nonePresent },
    help: 'Type into all panes at once, until ctrl+]',
    run: (state) => asking(state, { kind: 'type-to-panes', ids: state.panes.map(({ id }) => id) }),
  },
  {
    ...{ id: 'close-panes', section, keys: ['W'], here: onInstances, obstacle: nonePresent },
    help: 'Close the panes, and what runs in them',
    run: (state) => asking(state, { kind: 'close-panes' }),
  },
];

function nonePresent({ panes }: State): string | undefined {
  return panes.length === 0 ? 'There is no pane: t opens one' : undefined;
}

function notRunning(state: State): string | undefined {
  const rows = targetInstances(state);
  if (rows.length === 0) return 'There is no instance here';
  const other = rows.find(({ instance }) => instance.status !== 'INSTANCE_STATUS_RUNNING');
  return other === undefined ? undefined : `${printable(other.instance.name)} is not running`;
}
