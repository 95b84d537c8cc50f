import { render } from 'ink';
import { createElement } from 'react';
import { App, type Suspend } from './app.ts';
import type { Store } from './store.ts';
import type { ScreenKeys } from './terminal/key-source.ts';

/** What Ink does for the screen, until it is stopped. */
export interface Keyboard {
  /** Resolves when Ink has ended by itself; rejects with what made it. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

/**
 * Turns what is typed into actions. It is a bundle of its own, loaded when the first frame is on the screen: Ink, React
 * and the layout engine below them take as long to load as all else together.
 */
export function startKeyboard(
  store: Store,
  { stdin, stdout }: { readonly stdin: ScreenKeys; readonly stdout: NodeJS.WriteStream },
  onReady: (suspend: Suspend) => void,
): Keyboard {
  const screen = render(createElement(App, { store, onReady }), {
    ...{ stdin, stdout, exitOnCtrlC: false, patchConsole: false, interactive: true },
  });
  return { ended: screen.waitUntilExit(), stop: () => screen.unmount() };
}
