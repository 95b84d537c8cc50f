import type { Line } from './line.ts';
import type { ColourDepth, Role, Theme } from './theme.ts';

/** A line as text with the terminal's own codes for looks (SGR), and none but those. */
export function paint({ spans, base }: Line, theme: Theme, depth: ColourDepth = 0): string {
  let text = '';
  for (const { text: part, role, own } of spans) {
    if (part === '') continue;
    const codes = own === undefined ? codesOf(theme, base, role) : depth === 0 ? own.plain : fewer(own.coloured, depth);
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

const sides = [0, 95, 135, 175, 215, 255];

/** SGR parameters with the colours that there are: of all, the nearest of 256; of these, the sixteen that have a code. */
function fewer(codes: string, depth: ColourDepth): string {
  if (depth === 3) return codes;
  const of256 = codes.replace(
    /([34]8);2;(\d+);(\d+);(\d+)/g,
    (_, kind: string, red: string, green: string, blue: string) => `${kind};5;${nearest(+red, +green, +blue)}`,
  );
  if (depth === 2) return of256;
  return of256
    .replace(/([34])8;5;(\d+)/g, (_, kind: string, colour: string) => sixteen(Number(kind), Number(colour)))
    .split(';')
    .filter((code) => code !== '')
    .join(';');
}

/** The place in the cube of 6x6x6 colours that begins at 16. */
function nearest(...parts: readonly number[]): number {
  return (
    parts.reduce((sum, part) => {
      const distances = sides.map((side) => Math.abs(side - part));
      return sum * 6 + distances.indexOf(Math.min(...distances));
    }, 0) + 16
  );
}

/** Another colour than the sixteen is left out: a wrong one could be that of what is behind the text. */
function sixteen(kind: number, colour: number): string {
  if (colour > 15) return '';
  return String(colour < 8 ? kind * 10 + colour : kind * 10 + 60 + colour - 8);
}
