const prefixes = ['', 'k', 'M', 'G', 'T'] as const;

/** Bits per second of a rate as the field writes it (`100Mbit`, `512kbit`, `1Gibit`, `1000000`); undefined when it is none. */
export function parseBitRate(text: string): number | undefined {
  const [, digits, prefix = '', binary] = /^(\d{1,12})(?:([kKMGT]?)(i?)bit)?$/.exec(text.trim()) ?? [];
  if (digits === undefined || (binary === 'i' && prefix === '')) return undefined;
  const power = prefixes.findIndex((one) => one === (prefix === 'K' ? 'k' : prefix));
  const bits = Number(digits) * (binary === 'i' ? 1024 : 1000) ** power;
  return Number.isSafeInteger(bits) ? bits : undefined;
}
