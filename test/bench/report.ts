import type { Figures, Row } from './measure.ts';

export interface Section {
  readonly benchmark: string;
  readonly rows: readonly Row[];
}

/** Medians with their range, and how often the first subject's goes into each other's. */
export function formatSection({ benchmark, rows }: Section): string {
  const lines = rows.map((row) => {
    const [first, ...others] = [...row.figures];
    const cells = [...row.figures].map(([name, figures]) => `${name} ${formatFigures(figures, row.unit)}`);
    const ratios = others.map(([name, figures]) => ratio(first?.[1], figures, name));
    return { work: row.work, cells, ratios };
  });
  const widths = columnWidths(lines.map(({ work, cells }) => [work, ...cells]));
  const text = lines.map(({ work, cells, ratios }) =>
    ['', ...[work, ...cells].map((cell, index) => cell.padEnd(widths[index] ?? 0)), ratios.join(', ')].join('  '),
  );
  return [benchmark, ...text.map((line) => line.trimEnd())].join('\n');
}

/** The same for programs: numbers in the unit of the row. */
export function toJson(sections: readonly Section[]): string {
  const plain = sections.map(({ benchmark, rows }) => ({
    benchmark,
    rows: rows.map(({ figures, ...row }) => ({ ...row, figures: Object.fromEntries(figures) })),
  }));
  return JSON.stringify(plain, undefined, 2);
}

function formatFigures({ median, min, max, count }: Figures, unit: Row['unit']): string {
  const range = count > 1 ? ` (${formatNumber(min)}-${formatNumber(max)}, n=${count})` : '';
  return `${formatNumber(median)} ${unit}${range}`;
}

function formatNumber(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}

function ratio(first: Figures | undefined, other: Figures, name: string): string {
  return first === undefined ? '' : `${name} ×${(other.median / first.median).toFixed(2)}`;
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
}
