/** Bytes in six columns at most, in binary units: `48.3M`, `1.5G`. */
export function shortSize(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T', 'P'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}${units[unit]}`;
}
