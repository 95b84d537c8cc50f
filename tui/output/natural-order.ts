import type { Cell } from './table.ts';

/** Orders texts as people do: `web2` before `web10`; what is equal but for leading zeros or case keeps a fixed order. */
export function naturalOrder(a: string, b: string): number {
  const left = a.match(chunks) ?? [];
  const right = b.match(chunks) ?? [];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = chunkOrder(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length || textOrder(a, b);
}

/** Orders rows of cells by their columns from the left. */
export function rowOrder(a: readonly Cell[], b: readonly Cell[]): number {
  for (const [index, cell] of a.entries()) {
    const order = naturalOrder(textOf(cell), textOf(b[index] ?? ''));
    if (order !== 0) return order;
  }
  return 0;
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.join('\n');
}

const chunks = /\d+|\D+/g;

function chunkOrder(a: string, b: string): number {
  if (!/^\d/.test(a) || !/^\d/.test(b)) return textOrder(a, b);
  const left = a.replace(/^0+(?=\d)/, '');
  const right = b.replace(/^0+(?=\d)/, '');
  return left.length - right.length || textOrder(left, right);
}

function textOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
