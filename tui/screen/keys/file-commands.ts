import { nameOf } from '../state/batches.ts';
import type { Step } from '../state/effect.ts';
import { nameOfFile, withFilesPage } from '../state/files.ts';
import { bodyHeight } from '../state/geometry.ts';
import { type FilesPage, filesPage } from '../state/page.ts';
import { type State, shownPage, withNotice } from '../state/state.ts';
import { asking, type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';
import { onInstances, targetInstance } from './targets.ts';

const section = 'Files';

/** Keys of the files of an instance. */
export const fileCommands: readonly Command[] = [
  {
    ...{ id: 'files', section: 'Instances', keys: ['F'], here: onInstances },
    help: 'Files of the instance',
    run: (state) => {
      const row = targetInstance(state);
      return row === undefined ? only(state) : opened(state, [...state.pages, filesPage(row.key)]);
    },
  },
  move('file-down', ['down', 'j'], 'Down', () => 1),
  move('file-up', ['up', 'k'], 'Up', () => -1),
  move('file-page-down', ['pageDown', 'space'], 'A page down', (height) => height - 1),
  move('file-page-up', ['pageUp'], 'A page up', (height) => 1 - height),
  move('file-top', ['g', 'home'], 'To the first', () => Number.NEGATIVE_INFINITY),
  move('file-bottom', ['G', 'end'], 'To the last', () => Number.POSITIVE_INFINITY),
  {
    ...{ id: 'open-file', section, keys: ['enter', 'right'], hint: 'open', here: onFiles },
    help: 'Open the directory, or look into the file',
    run: (state) => withEntry(state, opening),
  },
  {
    ...{ id: 'parent', section, keys: ['left', 'backspace', '-'], hint: 'up', here: onFiles },
    help: 'To the directory above',
    run: (state) => {
      const page = shownPage(state);
      if (page.kind !== 'files' || page.path === '/') return only(state);
      const cut = page.path.lastIndexOf('/');
      const above = filesPage(page.key, page.path.slice(0, cut) || '/', page.path.slice(cut + 1));
      return opened(state, [...state.pages.slice(0, -1), above]);
    },
  },
  {
    ...{ id: 'edit-file', section, keys: ['e'], hint: 'edit', here: onFiles },
    help: 'Edit the file with $EDITOR',
    run: (state) =>
      withEntry(state, (page, path) => command(state, page.key, 'file', 'edit', inInstance({ ...page, path }))),
  },
  {
    ...{ id: 'pull-file', section, keys: ['P'], hint: 'pull', here: onFiles },
    help: 'Copy it from the instance into the directory that yurt was started in',
    run: (state) =>
      withEntry(state, (page, path) =>
        command(state, page.key, 'file', 'pull', '-r', inInstance({ ...page, path }), '.'),
      ),
  },
  {
    ...{ id: 'push-file', section, keys: ['u'], hint: 'push', here: onFiles },
    help: 'Copy a file of this computer into the directory',
    run: (state) => only({ ...state, prompt: { kind: 'push', editor: editorOf(), before: '' } }),
  },
  {
    ...{ id: 'delete-file', section, keys: ['D'], hint: 'delete', here: onFiles },
    help: 'Delete it, with all that lies in it',
    run: (state) => withEntry(state, (page, path, name) => only(deleting(state, page, path, name))),
  },
];

/** `web/etc/hosts`, as the commands of `yurt file` have it. */
export function inInstance({ key, path }: Pick<FilesPage, 'key' | 'path'>): string {
  return nameOf(key) + (path === '/' ? '' : path);
}

function move(id: string, keys: readonly string[], help: string, step: (height: number) => number): Command {
  return {
    ...{ id, section: 'Move', keys, help, here: onFiles },
    run: (state) => {
      const page = shownPage(state);
      if (page.kind !== 'files') return only(state);
      const index = Math.max(0, Math.min(page.entries.length - 1, page.index + step(bodyHeight(state))));
      return only(withFilesPage(state, { ...page, index }));
    },
  };
}

function onFiles(state: State): boolean {
  return shownPage(state).kind === 'files';
}

function opened(state: State, pages: readonly State['pages'][number][]): Step<State> {
  const [first, ...others] = pages;
  const last = pages.at(-1);
  if (first === undefined || last?.kind !== 'files') return only(state);
  return asking({ ...state, pages: [first, ...others] }, { kind: 'list-files', key: last.key, path: last.path });
}

/** Does something with what is under the cursor. Commands take names as text: one that is none is left alone. */
function withEntry(
  state: State,
  use: (page: FilesPage, path: string, name: string, state: State) => Step<State>,
): Step<State> {
  const page = shownPage(state);
  const entry = page.kind === 'files' ? page.entries[page.index] : undefined;
  if (page.kind !== 'files' || entry === undefined) return only(withNotice(state, 'bad', 'There is nothing here'));
  const name = nameOfFile(entry);
  if (!Buffer.from(name).equals(entry.name)) return only(withNotice(state, 'bad', 'Its name is no UTF-8'));
  return use(page, `${page.path === '/' ? '' : page.path}/${name}`, name, state);
}

function opening(page: FilesPage, path: string, _name: string, state: State): Step<State> {
  if (page.entries[page.index]?.kind !== 'directory') return asking(state, { kind: 'read-file', key: page.key, path });
  return opened(state, [...state.pages.slice(0, -1), filesPage(page.key, path)]);
}

function command(state: State, key: string, ...words: readonly string[]): Step<State> {
  return asking(state, { kind: 'command', words, key });
}

function deleting(state: State, page: FilesPage, path: string, name: string): State {
  const effect = { kind: 'delete-files', key: page.key, path: page.path, name } as const;
  const overlay = { kind: 'confirm', title: `Delete ${name}?`, expected: undefined, editor: editorOf() } as const;
  return { ...state, overlay: { ...overlay, lines: [inInstance({ key: page.key, path })], action: 'delete', effect } };
}
