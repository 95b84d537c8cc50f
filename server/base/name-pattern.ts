/** What names follow when nobody says otherwise. */
export const defaultPattern = 'snap%d';

/**
 * The tokens of `snapshots.pattern`: `%d` is the first free number, `{{ creation_date }}` the time, which may have a layout
 * as in the field, written with the moment 2006-01-02 15:04:05: `{{ creation_date|date:'20060102' }}`. Nothing else is
 * interpreted: there is no template engine, and what a user wrote stays text.
 */
const datePattern = /\{\{\s*creation_date\s*(?:\|\s*date:\s*(?:'([^'{}]{1,40})'|"([^"{}]{1,40})")\s*)?\}\}/g;
const defaultLayout = '2006-01-02T15-04-05Z';

/** Undefined for a good value, otherwise what is allowed. */
export function checkPattern(value: string): string | undefined {
  const sample = value.replaceAll(datePattern, 'x').replaceAll('%d', '0');
  const good = /^[A-Za-z0-9._:-]*$/.test(sample) && value.split('%d').length <= 2 && value.length <= 200;
  return good
    ? undefined
    : "a name with at most one %d and with {{ creation_date }} or {{ creation_date|date:'2006-01-02' }}";
}

/** The name that a pattern gives at `now`, unlike those that are taken. */
export function nameOf(pattern: string, now: Date, taken: ReadonlySet<string>): string {
  const dated = (pattern === '' ? defaultPattern : pattern).replaceAll(
    datePattern,
    (_, single?: string, double?: string) => layOut(single ?? double ?? defaultLayout, now),
  );
  if (!dated.includes('%d')) {
    if (!taken.has(dated)) return dated;
    return nameOf(`${dated}-%d`, now, taken);
  }
  const [before = '', after = ''] = dated.split('%d');
  const numbers = [...taken].map((name) => numberIn(name, before, after)).filter((number) => number !== undefined);
  return `${before}${Math.max(-1, ...numbers) + 1}${after}`;
}

function numberIn(name: string, before: string, after: string): number | undefined {
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const digits = name.slice(before.length, name.length - after.length);
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** The parts of the moment that layouts are written with. */
function layOut(layout: string, now: Date): string {
  const iso = now.toISOString();
  const parts: Readonly<Record<string, string>> = {
    2006: iso.slice(0, 4),
    '01': iso.slice(5, 7),
    '02': iso.slice(8, 10),
    15: iso.slice(11, 13),
    '04': iso.slice(14, 16),
    '05': iso.slice(17, 19),
  };
  return layout.replaceAll(/2006|01|02|15|04|05/g, (part) => parts[part] ?? part);
}
