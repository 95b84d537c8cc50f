import type { KeyPress } from './key-name.ts';

/** One line of text that is being typed. `cursor` counts UTF-16 units. */
export interface LineEditor {
  readonly text: string;
  readonly cursor: number;
}

/** A name, filter or command is never longer. */
const maxTextLength = 1000;

export function editorOf(text = ''): LineEditor {
  return { text, cursor: text.length };
}

/** The editor after a key, or undefined when the key is none of its own. */
export function editLine(editor: LineEditor, { key, text }: KeyPress): LineEditor | undefined {
  const { text: before, cursor } = editor;
  if (text !== '') return insert(editor, text);
  const left = leftOf(before, cursor);
  const right = rightOf(before, cursor);
  if (key === 'left' || key === 'ctrl+b') return { text: before, cursor: left };
  if (key === 'right' || key === 'ctrl+f') return { text: before, cursor: right };
  if (key === 'home' || key === 'ctrl+a') return { text: before, cursor: 0 };
  if (key === 'end' || key === 'ctrl+e') return { text: before, cursor: before.length };
  if (key === 'backspace' || key === 'ctrl+h') return without(before, left, cursor);
  if (key === 'delete') return without(before, cursor, right);
  if (key === 'ctrl+u') return without(before, 0, cursor);
  if (key === 'ctrl+k') return without(before, cursor, before.length);
  if (key === 'ctrl+w') return without(before, before.slice(0, cursor).search(/\S*\s*$/), cursor);
  return undefined;
}

/** Text typed or pasted at the cursor; its line ends and other controls become spaces. */
export function insert({ text: before, cursor }: LineEditor, text: string): LineEditor {
  const room = Math.max(0, maxTextLength - before.length);
  const added = text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, room);
  return { text: before.slice(0, cursor) + added + before.slice(cursor), cursor: cursor + added.length };
}

function without(text: string, from: number, to: number): LineEditor {
  return { text: text.slice(0, from) + text.slice(to), cursor: from };
}

function leftOf(text: string, cursor: number): number {
  const pair = /[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(0, cursor));
  return Math.max(0, cursor - (pair ? 2 : 1));
}

function rightOf(text: string, cursor: number): number {
  const pair = /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(cursor));
  return Math.min(text.length, cursor + (pair ? 2 : 1));
}
