import { paneRows } from './panes.ts';
import { lostServers } from './remotes.ts';
import type { State } from './state.ts';

/** Rows that are no part of the page: the tabs, the title, the status, the footer. */
const frameRows = 4;

/** Rows of the terminal that a page has for its content. */
export function bodyHeight(state: State): number {
  const { size } = state;
  return Math.max(1, size.rows - frameRows - paneRows(state) - lostServers(state).length);
}
