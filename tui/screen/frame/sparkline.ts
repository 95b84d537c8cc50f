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

/** The same in `height` rows, the highest first: each row has eight steps of its own. */
export function chart(values: readonly number[], width: number, height: number, most?: number): string[] {
  const shown = values.slice(-width);
  const top = most ?? Math.max(0, ...shown);
  const steps = shown.map((value) => {
    const share = top <= 0 ? 0 : Math.min(1, Math.max(0, value) / top);
    return Math.max(1, Math.round(share * height * blocks.length));
  });
  return Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * blocks.length;
    const text = steps.map((step) => blocks[Math.min(blocks.length, step - below) - 1] ?? ' ');
    return text.join('').padStart(width, ' ');
  });
}
