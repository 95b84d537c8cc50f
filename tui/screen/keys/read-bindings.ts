import { suggestion } from '../../arguments/nearest.ts';
import { initialState } from '../state/initial.ts';
import { filesPage, instancePage, newDocument, type Page, tabNames } from '../state/page.ts';
import { type State, tableNames } from '../state/state.ts';
import { type Bindings, keysOf } from './bindings.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { isKeyName, type KeyName } from './key-name.ts';

/** More keys for one command are a mistake. */
const maxKeys = 8;

/** Without a key for it, nobody would get out. */
const needed = 'quit';

/**
 * The keys that a configuration file gives to commands: a map from ids to a key or a list of keys, an empty list for no
 * key at all. `problems` names everything that is wrong with it; then the bindings are of no use.
 */
export function readBindings(raw: unknown): { readonly bindings: Bindings; readonly problems: readonly string[] } {
  if (raw === undefined || raw === null) return { bindings: new Map(), problems: [] };
  if (typeof raw !== 'object' || Array.isArray(raw)) return { bindings: new Map(), problems: ['it is no map'] };
  const bindings = new Map<string, readonly KeyName[]>();
  const problems: string[] = [];
  for (const [id, value] of Object.entries(raw)) {
    const keys = Array.isArray(value) ? value : [value];
    const wrong = wrongCommand(id) ?? wrongKeys(id, keys);
    if (wrong === undefined) bindings.set(id, keys);
    else problems.push(wrong);
  }
  if (problems.length === 0) problems.push(...conflicts(bindings));
  return { bindings, problems };
}

function wrongCommand(id: string): string | undefined {
  const ids = commands.map((command) => command.id);
  return ids.includes(id) ? undefined : `there is no command "${id}"${suggestion(id, ids)}`;
}

function wrongKeys(id: string, keys: readonly unknown[]): string | undefined {
  if (keys.length > maxKeys) return `"${id}" has more than ${maxKeys} keys`;
  if (keys.length === 0 && id === needed) return `"${id}" needs a key`;
  for (const key of keys) {
    if (typeof key !== 'string') return `a key of "${id}" is no text: write it in quotes`;
    const twin = twins[key];
    if (twin !== undefined) return `"${key}" for "${id}" cannot be told from ${twin} in a terminal`;
    if (!isKeyName(key)) return `"${key}" for "${id}" is no key: there are a, A, space, enter, pageUp, ctrl+a, alt+a …`;
  }
  return undefined;
}

/** What terminals send the same bytes for. */
const twins: Readonly<Record<string, string>> = {
  'ctrl+i': 'tab',
  'ctrl+m': 'enter',
  'ctrl+j': 'enter',
  'ctrl+h': 'backspace',
  'ctrl+[': 'escape',
};

/** Pairs that have come to share a key somewhere; those that share one by the table do so on purpose. */
function conflicts(bindings: Bindings): string[] {
  const found = new Set<string>();
  for (const place of places()) {
    const here = commands.filter((command) => command.here(place));
    for (const [index, one] of here.entries()) {
      for (const other of here.slice(index + 1)) {
        if (!bindings.has(one.id) && !bindings.has(other.id)) continue;
        if (shared(one.keys, other.keys) !== undefined) continue;
        const key = shared(keysOf(bindings, one), keysOf(bindings, other));
        if (key !== undefined) found.add(conflict(key, one, other, bindings));
      }
    }
  }
  return [...found];
}

function conflict(key: KeyName, one: Command, other: Command, bindings: Bindings): string {
  const words = [one, other].map(({ id }) => (bindings.has(id) ? `"${id}"` : `"${id}" (by default)`));
  return `${words.join(' and ')} have the same key ${key}`;
}

function shared(one: readonly KeyName[], other: readonly KeyName[]): KeyName | undefined {
  return one.find((key) => other.includes(key));
}

/** One state for each place where keys can mean something of its own. */
export function places(): State[] {
  const size = { columns: 80, rows: 24 };
  const start = initialState({ size, now: 0, zone: 0, theme: 'plain', project: '', remote: '' });
  const home: Page = { kind: 'table', table: 'instances' };
  const key = 'default/any';
  const pages: Page[] = [
    ...tableNames.map((table): Page => ({ kind: 'object', table, key, document: newDocument })),
    ...tabNames.map((tab) => instancePage(key, tab)),
    filesPage(key),
    { kind: 'file', key, path: '/', lines: [], document: newDocument },
    { kind: 'scrollback', id: 1, key, lines: [], document: newDocument },
  ];
  const { instances } = start.tables;
  return [
    ...tableNames.map((table): State => ({ ...start, pages: [{ kind: 'table', table }] })),
    { ...start, tables: { ...start.tables, instances: { ...instances, marked: new Set([key]) } } },
    { ...start, pages: [{ kind: 'server', document: newDocument }] },
    ...pages.map((page): State => ({ ...start, pages: [home, page] })),
  ];
}
