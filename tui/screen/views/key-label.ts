import type { KeyName } from '../keys/key-name.ts';

const labels: Readonly<Record<string, string>> = {
  ...{ up: '↑', down: '↓', left: '←', right: '→', escape: 'esc', backspace: '⌫' },
  ...{ pageDown: 'PgDn', pageUp: 'PgUp', home: 'Home', end: 'End' },
};

/** A key as people call it: `^Z` for ctrl+z. */
export function keyLabel(key: KeyName): string {
  const control = /^ctrl\+([a-z])$/.exec(key)?.[1];
  return control === undefined ? (labels[key] ?? key) : `^${control.toUpperCase()}`;
}
