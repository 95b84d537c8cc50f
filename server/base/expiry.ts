import { Fault } from './fault.ts';

/** Units of the field: minutes, hours, days, weeks, months, years. */
const spanPattern = /^(?:\s*\d{1,6}[MHdwmy])+\s*$/;
const maxYears = 1000;

/** Undefined for a good value of `snapshots.expiry`, otherwise what is allowed. */
export function checkExpiry(value: string): string | undefined {
  return value.trim() === '' || spanPattern.test(value)
    ? undefined
    : 'time spans such as "4w" or "1d 12H": M minutes, H hours, d days, w weeks, m months, y years';
}

/**
 * When something that is made at `from` expires: after a span ("1d 12H"), or at a date (ISO 8601). Undefined for an empty
 * text. Fault `invalid`.
 */
export function expiryOf(text: string, from: Date): Date | undefined {
  if (text.trim() === '') return undefined;
  if (spanPattern.test(text)) return spanEnd(text, from);
  const date = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(date.getTime())) {
    const allowed = 'must be a time span such as "4w" or "1d 12H", or a date such as 2030-01-31T12:00:00Z';
    throw new Fault('invalid', `Invalid expiry "${text.slice(0, 80)}": it ${allowed}`);
  }
  if (date <= from) throw new Fault('invalid', `Invalid expiry "${text.slice(0, 80)}": it is in the past`);
  return date;
}

function spanEnd(text: string, from: Date): Date {
  const end = new Date(from);
  for (const [, digits = '', unit = ''] of text.matchAll(/(\d+)([MHdwmy])/g)) {
    const count = Number(digits);
    if (unit === 'M') end.setUTCMinutes(end.getUTCMinutes() + count);
    else if (unit === 'H') end.setUTCHours(end.getUTCHours() + count);
    else if (unit === 'd') end.setUTCDate(end.getUTCDate() + count);
    else if (unit === 'w') end.setUTCDate(end.getUTCDate() + 7 * count);
    else if (unit === 'm') end.setUTCMonth(end.getUTCMonth() + count);
    else end.setUTCFullYear(end.getUTCFullYear() + count);
  }
  const last = new Date(from);
  last.setUTCFullYear(last.getUTCFullYear() + maxYears);
  if (!(end <= last)) throw new Fault('invalid', `Invalid expiry "${text.slice(0, 80)}": at most ${maxYears} years`);
  return end;
}
