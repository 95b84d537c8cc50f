import { printable } from './printable.ts';

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** One value, or several that stand on a line each. The text may come from anywhere: a line end in it is no line. */
export type Cell = string | readonly string[];

/** Boxes and a line between rows; headers centred, cells on the left. */
export async function boxedTable(table: Table, withHeader: boolean): Promise<string> {
  const { header, grid } = textOf(table);
  const width = await measureFor([...header, ...grid.flat(2)]);
  const widths = columnWidths(header, grid, withHeader, width);
  const rule = `+${widths.map((size) => '-'.repeat(size + 2)).join('+')}+\n`;
  let text = rule;
  if (withHeader) {
    text += `|${header.map((title, index) => ` ${centred(title, widths[index] ?? 0)} `).join('|')}|\n${rule}`;
  }
  for (const row of grid) {
    for (let line = 0; line < Math.max(1, ...row.map((cell) => cell.length)); line++) {
      const cells = row.map((cell, index) => ` ${padded(cell[line] ?? '', widths[index] ?? 0, width)} `);
      text += `|${cells.join('|')}|\n`;
    }
    text += rule;
  }
  return text;
}

/** Columns two spaces apart, without lines. */
export async function compactTable(table: Table, withHeader: boolean): Promise<string> {
  const { header, grid } = textOf(table);
  const width = await measureFor([...header, ...grid.flat(2)]);
  const widths = columnWidths(header, grid, withHeader, width);
  const lines = withHeader ? [header.map((title, index) => padded(title, widths[index] ?? 0, width)).join('  ')] : [];
  for (const row of grid) {
    for (let line = 0; line < Math.max(1, ...row.map((cell) => cell.length)); line++) {
      lines.push(row.map((cell, index) => padded(cell[line] ?? '', widths[index] ?? 0, width)).join('  '));
    }
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** RFC 4180, with line feeds. */
export function csvTable({ header, rows }: Table, withHeader: boolean): string {
  return [...(withHeader ? [header] : []), ...rows].map((row) => `${row.map(csvCell).join(',')}\n`).join('');
}

/** A table of GitHub's Markdown (https://github.github.com/gfm/#tables-extension-); such a table always has a header. */
export function markdownTable({ header, rows }: Table): string {
  const line = (cells: readonly Cell[]) =>
    `| ${cells.map((cell) => linesOf(cell).map(plainMarkdown).join('<br>')).join(' | ')} |\n`;
  return line(header) + line(header.map(() => '---')) + rows.map(line).join('');
}

/** Nothing in a cell is markup. */
function plainMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>|~]/g, (character) => (character === '<' ? '&lt;' : `\\${character}`));
}

function textOf({ header, rows }: Table): { header: string[]; grid: string[][][] } {
  return { header: header.map(printable), grid: rows.map((row) => row.map(linesOf)) };
}

type Measure = (text: string) => number;

function linesOf(cell: Cell): string[] {
  return typeof cell === 'string' ? [printable(cell)] : cell.map(printable);
}

function csvCell(cell: Cell): string {
  const text = linesOf(cell).join('\n');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Columns that a text takes; what knows of wide characters is loaded only when there are any. */
async function measureFor(texts: readonly string[]): Promise<Measure> {
  if (texts.every((text) => /^[\x20-\x7e]*$/.test(text))) return (text) => text.length;
  const { textWidth } = await import('./text-width.ts');
  return textWidth;
}

function columnWidths(
  header: readonly string[],
  grid: readonly (readonly (readonly string[])[])[],
  withHeader: boolean,
  width: Measure,
): number[] {
  return header.map((title, index) =>
    Math.max(withHeader ? width(title) : 0, ...grid.flatMap((row) => (row[index] ?? []).map(width))),
  );
}

function padded(text: string, size: number, width: Measure): string {
  return text + ' '.repeat(Math.max(0, size - width(text)));
}

function centred(title: string, size: number): string {
  const space = size - title.length;
  return ' '.repeat(Math.floor(space / 2)) + title + ' '.repeat(Math.ceil(space / 2));
}
