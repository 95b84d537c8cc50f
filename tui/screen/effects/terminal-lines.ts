import type { IBufferCell, Terminal } from '@xterm/headless';
import { type Line, type Span, span, textOf } from '../frame/line.ts';
import { safe } from '../views/safe.ts';

/** What a terminal shows as lines; with `withCursor`, the place where one types is marked. */
export function terminalLines(terminal: Terminal, withCursor: boolean): Line[] {
  const { baseY, cursorX, cursorY } = terminal.buffer.active;
  return Array.from({ length: terminal.rows }, (_, row) =>
    lineAt(terminal, baseY + row, withCursor && row === cursorY ? cursorX : undefined),
  );
}

/** All that a terminal keeps: what has left its screen at the top, then the screen. Blank lines at the end are left out. */
export function allTerminalLines(terminal: Terminal): Line[] {
  const lines = Array.from({ length: terminal.buffer.active.length }, (_, row) => lineAt(terminal, row, undefined));
  return lines.slice(0, lines.findLastIndex((one) => textOf(one).trim() !== '') + 1);
}

function lineAt(terminal: Terminal, row: number, cursor: number | undefined): Line {
  const { active } = terminal.buffer;
  const cell = active.getNullCell();
  const cells = active.getLine(row);
  const spans: Span[] = [];
  let text = '';
  let look = '';
  let plain = '';
  const end = () => {
    if (text !== '') spans.push(look === '' ? span(safe(text)) : { text: safe(text), own: { plain, coloured: look } });
    text = '';
  };
  for (let column = 0; column < terminal.cols; column += 1) {
    const at = cells?.getCell(column, cell);
    if (at === undefined || at.getWidth() === 0) continue;
    const attributes = attributesOf(at) + (column === cursor ? '7;' : '');
    const codes = attributes + coloursOf(at);
    if (codes !== look) {
      end();
      look = codes;
      plain = attributes.replace(/;$/, '');
    }
    text += at.getChars() || ' ';
  }
  end();
  return { spans: spans.map((one) => trimmedCodes(one)) };
}

function trimmedCodes(one: Span): Span {
  return one.own === undefined ? one : { ...one, own: { ...one.own, coloured: one.own.coloured.replace(/;$/, '') } };
}

/** SGR parameters, ECMA-48 8.3.117. */
function attributesOf(cell: IBufferCell): string {
  return (
    (cell.isBold() ? '1;' : '') +
    (cell.isDim() ? '2;' : '') +
    (cell.isItalic() ? '3;' : '') +
    (cell.isUnderline() ? '4;' : '') +
    (cell.isInverse() ? '7;' : '')
  );
}

function coloursOf(cell: IBufferCell): string {
  return colour(38, cell.getFgColor(), cell) + colour(48, cell.getBgColor(), cell);
}

function colour(kind: 38 | 48, value: number, cell: IBufferCell): string {
  const isPalette = kind === 38 ? cell.isFgPalette() : cell.isBgPalette();
  const isRgb = kind === 38 ? cell.isFgRGB() : cell.isBgRGB();
  if (isPalette) return `${kind};5;${value};`;
  return isRgb ? `${kind};2;${value >> 16};${(value >> 8) & 255};${value & 255};` : '';
}
