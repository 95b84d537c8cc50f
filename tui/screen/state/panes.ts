import type { Line } from '../frame/line.ts';
import { newDocument } from './page.ts';
import type { Size, State } from './state.ts';

/** A shell in an instance that is shown below the page. */
export interface Pane {
  readonly id: number;
  readonly key: string;
  /** What its terminal shows, as many lines as it has rows. */
  readonly lines: readonly Line[];
}

/** More would be too narrow to work in. */
export const maxPanes = 6;

/** On a lower screen there is room for the page alone. */
const minScreenRows = 14;

/** Rows of the terminal that the panes have, their titles included; 0 without any. */
export function paneRows({ panes, size }: Pick<State, 'panes' | 'size'>): number {
  return panes.length === 0 || size.rows < minScreenRows ? 0 : Math.floor(size.rows / 2);
}

/** Columns of each pane: side by side, with a line between two. */
export function paneWidths({ panes, size }: Pick<State, 'panes' | 'size'>): readonly number[] {
  const room = size.columns - (panes.length - 1);
  const width = Math.floor(room / Math.max(1, panes.length));
  return panes.map((_, index) => (index === panes.length - 1 ? room - width * index : width));
}

/** The size of the terminal in a pane; undefined for one that is not there. */
export function paneSize(state: Pick<State, 'panes' | 'size'>, id: number): Size | undefined {
  const columns = paneWidths(state)[state.panes.findIndex((pane) => pane.id === id)];
  return columns === undefined ? undefined : { columns: Math.max(1, columns), rows: Math.max(1, paneRows(state) - 1) };
}

export function withPane(state: State, id: number, change: Partial<Pane>): State {
  return { ...state, panes: state.panes.map((pane) => (pane.id === id ? { ...pane, ...change } : pane)) };
}

export function withoutPane(state: State, id: number): State {
  const typing = state.typing.filter((one) => one !== id);
  return { ...state, panes: state.panes.filter((pane) => pane.id !== id), typing };
}

/** The page of what a pane has shown: the same one with more lines while it is open, else a new one at its end. */
export function withScrollback(state: State, pane: Pane): State {
  const { id, key, lines } = pane;
  const [first, ...others] = state.pages;
  const page = state.pages.at(-1);
  if (page?.kind !== 'scrollback') {
    const document = { ...newDocument, follow: true };
    return { ...state, pages: [...state.pages, { kind: 'scrollback', id, key, lines, document }] };
  }
  const document = page.id === id ? page.document : { ...page.document, follow: true };
  return { ...state, pages: [first, ...others.slice(0, -1), { kind: 'scrollback', id, key, lines, document }] };
}
