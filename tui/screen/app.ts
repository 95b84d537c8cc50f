import { useApp, useInput, usePaste } from 'ink';
import { useEffect } from 'react';
import { keyPresses } from './keys/key-name.ts';
import type { Store } from './store.ts';

/** Gives the terminal away for as long as `use` takes. */
export type Suspend = (use: () => Promise<void>) => Promise<void>;

export interface AppProps {
  readonly store: Store;
  /** Told once, when the terminal can be given away. */
  readonly onReady: (suspend: Suspend) => void;
}

/**
 * The keys and the modes of the terminal, which Ink keeps. It draws nothing: Ink takes each cell of a frame apart, which
 * takes longer on a large terminal than a key may; `Drawing` writes the frames.
 */
export function App({ store, onReady }: AppProps): null {
  const { suspendTerminal } = useApp();
  useInput((input, key) => {
    for (const press of keyPresses(input, key)) store.dispatch({ type: 'key', press });
  });
  usePaste((text) => store.dispatch({ type: 'paste', text }));
  useEffect(() => onReady((use) => suspendTerminal(use)), [onReady, suspendTerminal]);
  return null;
}
