/** Bytes as people read them, in binary units with two decimals: `12.50MiB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes;
  let unit = 'B';
  for (const larger of ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${value.toFixed(2)}${unit}`;
}

/** A protobuf timestamp; `undefined` when there is none. */
export function dateOf(timestamp: { seconds?: unknown; nanos?: unknown } | null | undefined): Date | undefined {
  const seconds = Number(timestamp?.seconds ?? 0);
  const nanos = Number(timestamp?.nanos ?? 0);
  return seconds === 0 && nanos === 0 ? undefined : new Date(seconds * 1000 + nanos / 1e6);
}

/** `2026/01/02 15:04 UTC`; empty when there is no date. */
export function minuteOf(date: Date | undefined): string {
  if (date === undefined || Number.isNaN(date.getTime())) return '';
  const iso = date.toISOString();
  return `${iso.slice(0, 10).replaceAll('-', '/')} ${iso.slice(11, 16)} UTC`;
}

/** ISO 8601, for machines; empty when there is no date. */
export function isoOf(date: Date | undefined): string {
  return date === undefined || Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** A whole number of seconds from `from` to now as `3d 4h`, `5m 6s`. */
export function durationOf(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    parts.push(`${Math.floor(rest / size)}${name}`);
    rest %= size;
  }
  return parts.join(' ');
}
