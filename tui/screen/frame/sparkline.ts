const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The last `width` values as blocks, from 0 to `most` (their own maximum when it is not given). */
export function sparkline(values: readonly number[], width: number, most?: number): string {
  const shown = values.slice(-width);
  const top = most ?? Math.max(0, ...shown);
  const text = shown.map((value) => {
    const level = top <= 0 ? 0 : Math.round((Math.max(0, value) / top) * (blocks.length - 1));
    return blocks[Math.min(blocks.length - 1, level)] ?? ' ';
  });
  return text.join('').padStart(width, ' ');
}
