import { Box, Text, useApp, useInput, usePaste } from 'ink';
import { createElement, memo, type ReactElement, useEffect, useSyncExternalStore } from 'react';
import type { Line } from './frame/line.ts';
import { paint } from './frame/paint.ts';
import { type ColourDepth, themeOf } from './frame/theme.ts';
import { keyPresses } from './keys/key-name.ts';
import type { State } from './state/state.ts';
import type { Store } from './store.ts';
import { frameLines } from './views/frame.ts';

/** Gives the terminal away for as long as `use` takes. */
export type Suspend = (use: () => Promise<void>) => Promise<void>;

export interface AppProps {
  readonly store: Store;
  readonly depth: ColourDepth;
  /** Told once, when the terminal can be given away. */
  readonly onReady: (suspend: Suspend) => void;
}

/** The whole program on the screen. Its file has no JSX, so that Node runs it as it is. */
export function App({ store, depth, onReady }: AppProps): ReactElement {
  const state = useSyncExternalStore(store.subscribe, store.state);
  const { suspendTerminal } = useApp();
  useInput((input, key) => {
    for (const press of keyPresses(input, key)) store.dispatch({ type: 'key', press });
  });
  usePaste((text) => store.dispatch({ type: 'paste', text }));
  useEffect(() => onReady((use) => suspendTerminal(use)), [onReady, suspendTerminal]);
  return createElement(Screen, { state, depth });
}

/** A state as rows of text: what is on the screen follows from it alone. */
export function Screen({ state, depth }: { readonly state: State; readonly depth: ColourDepth }): ReactElement {
  const theme = themeOf(state.theme, depth);
  const { rows: height, columns: width } = state.size;
  // Ink takes each row apart for each frame: what need not be in it costs nothing. A row of nothing would have no height.
  const rowOf = (one: Line) =>
    createElement(Row, { text: paint(one, theme, depth > 1 && state.theme !== 'plain').trimEnd() || ' ' });
  return createElement(Box, { flexDirection: 'column', height, width }, ...frameLines(state).map(rowOf));
}

/** Rows that stay as they are cost nothing. */
const Row = memo(function Row({ text }: { readonly text: string }): ReactElement {
  return createElement(Text, { wrap: 'truncate-end' }, text);
});
