import { textOf } from '../frame/line.ts';
import type { Step } from '../state/effect.ts';
import { bodyHeight } from '../state/geometry.ts';
import { isText } from '../state/page.ts';
import { type State, shownPage, withNotice } from '../state/state.ts';
import { documentLines, offsetOf } from '../views/document.ts';
import { asking, type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';

const section = 'Text';

/** More than this is more than the clipboard of most terminals takes through OSC 52. */
const maxClipboardBytes = 64 * 1024;

/** Also in a box that has something to read. */
export const copyCommand: Command = {
  ...{ id: 'copy-screen', section, keys: ['y'], here: onPlainText },
  help: 'Copy the lines that are shown to the clipboard, also over ssh (OSC 52)',
  run: (state) => copied(state, shownLines(state)),
};

/** Keys that take a text out of the screen: to the clipboard, to a file. What a filter hides stays out. */
export const textCommands: readonly Command[] = [
  copyCommand,
  {
    ...{ id: 'copy-text', section, keys: ['Y'], here: onPlainText },
    help: 'Copy all lines, or those that the filter leaves',
    run: (state) => copied(state, allLines(state)),
  },
  {
    ...{ id: 'save-text', section, keys: ['ctrl+s'], here: onPlainText },
    help: 'Save all lines, or those that the filter leaves, to a file of this computer',
    run: (state) => only({ ...state, prompt: { kind: 'save', editor: editorOf(), before: '' } }),
  },
];

/** The text of the page as it is to be saved to a path. */
export function saved(state: State, path: string): Step<State> {
  const lines = allLines(state);
  return asking(state, { kind: 'save-text', path, text: `${lines.join('\n')}\n` });
}

function copied(state: State, lines: readonly string[]): Step<State> {
  return copiedText(state, lines.join('\n'), lines.length === 1 ? 'Copied one line' : `Copied ${lines.length} lines`);
}

/** A text in the clipboard, if that takes so much. */
export function copiedText(state: State, text: string, said = 'Copied it'): Step<State> {
  const size = Buffer.byteLength(text);
  if (size > maxClipboardBytes) {
    const kib = Math.ceil(size / 1024);
    return only(withNotice(state, 'bad', `Cannot copy ${kib} KiB: terminals take ${maxClipboardBytes / 1024} at most`));
  }
  return asking(withNotice(state, 'info', said), { kind: 'copy', text });
}

function allLines(state: State): string[] {
  return documentLines(state).map((one) => textOf(one).trimEnd());
}

function shownLines(state: State): string[] {
  const page = shownPage(state);
  if (!isText(page)) return [];
  const lines = allLines(state);
  const height = bodyHeight(state);
  const offset = offsetOf(page.document, lines.length, height);
  return lines.slice(offset, offset + height);
}

/** A text, and not the figures of an instance, where the same key copies its address. */
function onPlainText(state: State): boolean {
  const page = shownPage(state);
  return isText(page) && (page.kind !== 'instance' || page.tab === 'log');
}
