import { clustersOf, isPlain, textWidth } from '../../output/text-width.ts';
import type { Role } from './theme.ts';

/** A run of text of one look. The text is safe to print: whoever makes one of foreign text calls `printable`. */
export interface Span {
  readonly text: string;
  readonly role?: Role;
  /** SGR parameters of its own instead of a role's: with all colours, and where those are not wanted. */
  readonly own?: { readonly coloured: string; readonly plain: string };
}

/** One row of the terminal. `base` is the look below all spans, to the row's end: a selection, a bar. */
export interface Line {
  readonly spans: readonly Span[];
  readonly base?: Role;
}

export function line(...spans: readonly (Span | string)[]): Line {
  return { spans: spans.map((span) => (typeof span === 'string' ? { text: span } : span)) };
}

export function span(text: string, role?: Role): Span {
  return role === undefined ? { text } : { text, role };
}

export const blank: Line = { spans: [] };

export function textOf({ spans }: Line): string {
  return spans.map(({ text }) => text).join('');
}

/** Columns that a text takes in a terminal. */
export const widthOf = textWidth;

/** The longest beginning of a text that takes at most `width` columns. */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  if (isPlain(text)) return text.slice(0, width);
  let end = 0;
  let taken = 0;
  for (const cluster of clustersOf(text)) {
    taken += textWidth(cluster);
    if (taken > width) break;
    end += cluster.length;
  }
  return text.slice(0, end);
}

/** A text in exactly `width` columns: cut with an ellipsis, or padded. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return '';
  const size = widthOf(text);
  if (size > width) {
    const kept = `${cut(text, width - 1)}…`;
    return kept + ' '.repeat(Math.max(0, width - widthOf(kept)));
  }
  const space = ' '.repeat(width - size);
  return align === 'left' ? text + space : space + text;
}

/** A line in exactly `width` columns. */
export function fitLine(full: Line, width: number): Line {
  const spans: Span[] = [];
  let rest = width;
  for (const one of full.spans) {
    if (rest <= 0) break;
    const size = widthOf(one.text);
    if (size <= rest) spans.push(one);
    else {
      const text = cut(one.text, rest);
      spans.push({ ...one, text: text + ' '.repeat(rest - widthOf(text)) });
    }
    rest -= Math.min(size, rest);
  }
  if (rest > 0) spans.push({ text: ' '.repeat(rest) });
  return { ...full, spans };
}

/** Two lines in one of `width` columns: one at its start, the other at its end. What does not fit is cut at the left one. */
export function spread(left: Line, right: Line, width: number): Line {
  const size = right.spans.reduce((sum, { text }) => sum + widthOf(text), 0);
  if (size >= width) return fitLine(left, width);
  return { ...left, spans: [...fitLine(left, width - size).spans, ...right.spans] };
}

/** A line in as many as it takes at this width. */
export function wrapped(full: Line, width: number): Line[] {
  const lines: Line[] = [];
  let spans: Span[] = [];
  let rest = width;
  for (const one of full.spans) {
    let text = one.text;
    while (widthOf(text) > rest) {
      const part = cut(text, rest);
      if (part === '' && rest === width) return [full]; // narrower than one character
      spans.push({ ...one, text: part });
      lines.push({ ...full, spans });
      text = text.slice(part.length);
      spans = [];
      rest = width;
    }
    if (text === '') continue;
    spans.push({ ...one, text });
    rest -= widthOf(text);
  }
  if (spans.length > 0 || lines.length === 0) lines.push({ ...full, spans });
  return lines;
}

/** A text in lines of whole words, as far as these fit. */
export function wrappedWords(text: string, width: number): string[] {
  const rows: string[] = [];
  for (const word of text.split(' ')) {
    const last = rows.at(-1);
    const size = widthOf(word);
    // A word that no line has room for begins where it stands: the token of a command.
    const fits = last !== undefined && (size > width || widthOf(last) + 1 + size <= width);
    if (fits) rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  return rows.flatMap((row) => wrapped(line(row), width).map(textOf));
}
