import type { PunchedIds } from '../base/id-map.ts';

/** The kernel takes a map of less than a page, and a root keeps one for each of its layers. */
const maxEntries = 16;
const maxId = 0xffff_fffe;

/**
 * The entries of `raw.idmap`, one a line: `both|uid|gid HOST INSIDE`, each an id or a range of as many. Undefined for a text
 * that is something else, that says two things of one id, or that gives away an id 0.
 */
export function parseRawIdmap(text: string): PunchedIds[] | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const entries = lines.filter((line) => line !== '').map(parseLine);
  const good = entries.filter((entry) => entry !== undefined);
  if (good.length < entries.length || good.length > maxEntries) return undefined;
  for (const [index, one] of good.entries()) {
    if (good.slice(index + 1).some((other) => contradict(one, other))) return undefined;
  }
  return good;
}

export function checkRawIdmap(text: string): string | undefined {
  if (parseRawIdmap(text) !== undefined) return undefined;
  return `at most ${maxEntries} lines "both|uid|gid HOST INSIDE", such as "both 1000 1000" or "gid 50-60 50-60", each id once and none of them 0`;
}

function parseLine(line: string): PunchedIds | undefined {
  const [, kind, host = '', own = ''] = /^(both|uid|gid)\s+([\d-]+)\s+([\d-]+)$/.exec(line) ?? [];
  const [outside, inside] = [parseIds(host), parseIds(own)];
  if (outside === undefined || inside === undefined || outside.count !== inside.count) return undefined;
  return { kind: kind as PunchedIds['kind'], inside: inside.first, outside: outside.first, count: inside.count }; // one of the three by the expression
}

function parseIds(text: string): { first: number; count: number } | undefined {
  const [, start, end = start] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  const [first, last] = [Number(start), Number(end)];
  return start === undefined || first < 1 || last < first || last > maxId
    ? undefined
    : { first, count: last - first + 1 };
}

function contradict(one: PunchedIds, other: PunchedIds): boolean {
  if (one.kind !== other.kind && one.kind !== 'both' && other.kind !== 'both') return false;
  const meet = (left: number, right: number) => left < right + other.count && right < left + one.count;
  return meet(one.inside, other.inside) || meet(one.outside, other.outside);
}
