import { Cron } from 'croner';

/** The short names of the field, as five fields of crontab(5). */
const aliases: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@annually': '0 0 1 1 *',
  '@yearly': '0 0 1 1 *',
};
const atStart = '@startup';
const maxLength = 200;
const maxPatterns = 8;

/** Undefined for a good schedule, otherwise what is allowed. Empty is good: never. */
export function checkSchedule(value: string): string | undefined {
  const patterns = patternsOf(value);
  const good =
    value.length <= maxLength &&
    patterns.length <= maxPatterns &&
    patterns.every((each) => each === atStart || cron(each));
  return good ? undefined : `five fields as in crontab(5), or some of ${[...Object.keys(aliases), atStart].join(', ')}`;
}

/** Whether a moment of the schedule lies after `since` and not after `now`; times are those of the host. */
export function isDue(value: string, since: Date, now: Date): boolean {
  return patternsOf(value).some((each) => {
    const next = each === atStart ? undefined : cron(each)?.nextRun(since);
    return next !== undefined && next !== null && next <= now;
  });
}

/** Whether it asks for something at each start of what it is of. */
export function isDueAtStart(value: string): boolean {
  return patternsOf(value).includes(atStart);
}

/** A list of aliases, or one pattern, which has commas of its own. */
function patternsOf(value: string): string[] {
  const text = value.trim();
  if (text === '') return [];
  return text.startsWith('@') ? text.split(',').map((each) => each.trim()) : [text];
}

/** Undefined for what is no pattern. Five fields only: nothing happens more often than every minute. */
function cron(pattern: string): Cron | undefined {
  const fields = aliases[pattern] ?? pattern;
  if (fields.split(/\s+/).length !== 5) return undefined;
  try {
    return new Cron(fields, { paused: true });
  } catch {
    return undefined;
  }
}
