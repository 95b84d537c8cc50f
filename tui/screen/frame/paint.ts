import type { Line } from './line.ts';
import type { Role, Theme } from './theme.ts';

/** A line as text with the terminal's own codes for looks (SGR), and none but those. */
export function paint({ spans, base }: Line, theme: Theme, withManyColours = false): string {
  let text = '';
  for (const { text: part, role, own } of spans) {
    if (part === '') continue;
    const codes = own === undefined ? codesOf(theme, base, role) : withManyColours ? own.coloured : own.plain;
    text += codes === '' ? part : `\x1b[${codes}m${part}\x1b[0m`;
  }
  return text;
}

function codesOf(theme: Theme, base: Role | undefined, role: Role | undefined): string {
  const below = base === undefined ? '' : theme[base];
  const above = role === undefined ? '' : theme[role];
  // On a coloured row, a second colour could be one that cannot be read on it: only its weight is kept.
  if (below !== '') return /^1(;|$)/.test(above) ? `${below};1` : below;
  return above;
}
