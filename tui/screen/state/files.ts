import type { FileEntry__Output } from '../../../proto/gen/yurt/v1/FileEntry.ts';
import { type FilesPage, filesPage, newDocument } from './page.ts';
import type { State } from './state.ts';

const collator = new Intl.Collator('en', { numeric: true });

/** The page of a directory after it was read: directories first, each in the natural order of names. */
export function withFiles(
  state: State,
  key: string,
  path: string,
  entries: readonly FileEntry__Output[] | string,
): State {
  const page = state.pages.at(-1);
  if (page?.kind !== 'files' || page.key !== key || page.path !== path) return state;
  if (typeof entries === 'string') return withFilesPage(state, { ...page, state: 'failed', failure: entries });
  const rank = ({ kind }: FileEntry__Output) => (kind === 'directory' ? 0 : 1);
  const sorted = [...entries].sort((a, b) => rank(a) - rank(b) || collator.compare(nameOfFile(a), nameOfFile(b)));
  const wanted = page.state === 'here' ? nameOfFile(page.entries[page.index]) : page.from;
  const found = sorted.findIndex((entry) => nameOfFile(entry) === wanted);
  const index = found >= 0 ? found : Math.max(0, Math.min(page.index, sorted.length - 1));
  return withFilesPage(state, { ...page, state: 'here', failure: '', entries: sorted, index });
}

/** Another directory in the place of the one that is shown. */
export function withDirectory(state: State, key: string, path: string, entries: readonly FileEntry__Output[]): State {
  const page = state.pages.at(-1);
  if (page?.kind !== 'files' || page.key !== key) return state;
  return withFiles(withFilesPage(state, filesPage(key, path)), key, path, entries);
}

/** A file that was asked for is shown, unless whoever asked has gone on. */
export function withFile(state: State, file: { key: string; path: string; lines: readonly string[] }): State {
  const page = state.pages.at(-1);
  if (page?.kind !== 'files' || page.key !== file.key || state.overlay !== undefined) return state;
  const { key, path, lines } = file;
  return { ...state, pages: [...state.pages, { kind: 'file', key, path, lines, document: newDocument }] };
}

export function withFilesPage(state: State, page: FilesPage): State {
  const [first, ...others] = state.pages;
  return { ...state, pages: others.length === 0 ? [page] : [first, ...others.slice(0, -1), page] };
}

/** Names are bytes; what is no UTF-8 in them is shown as such. */
export function nameOfFile(entry: FileEntry__Output | undefined): string {
  return entry === undefined ? '' : entry.name.toString('utf8');
}
