/** Ids of the host, both ends included. */
export interface IdRange {
  readonly first: number;
  readonly last: number;
}

/** `1000,2000-2999`; undefined for anything else. */
export function idsOf(text: string): readonly IdRange[] | undefined {
  const ranges = text.split(',').map((word) => /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(word));
  const result: IdRange[] = [];
  for (const match of ranges) {
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first) return undefined;
    result.push({ first, last });
  }
  return result;
}

/** The host's ids of one kind in the lines of `raw.idmap` (`both 1000 1000`, `uid 2000-2009 0-9`); undefined when a line is none. */
export function mappedHostIds(text: string, kind: 'uid' | 'gid'): readonly IdRange[] | undefined {
  const ranges: IdRange[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const match = /^\s*(both|uid|gid)\s+([\d-]+)\s+([\d-]+)\s*$/.exec(line);
    const ids = idsOf(match?.[2] ?? '');
    if (match === null || ids === undefined) return undefined;
    if (match[1] === 'both' || match[1] === kind) ranges.push(...ids);
  }
  return ranges;
}
