const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of a size as the field writes it (`512MiB`, `2GB`, `1048576`); undefined when it is not one. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d{1,12})([A-Za-z]*)$/.exec(text.trim());
  const unit = match === null ? undefined : units[match[2] ?? ''];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
