/**
 * The user and group ids of an instance: ids 0…size-1 inside are hostBase…hostBase+size-1 on the host, but for those that
 * `punched` names.
 */
export interface IdMap {
  readonly hostBase: number;
  readonly size: number;
  readonly punched?: readonly PunchedIds[];
}

/** Ids inside that are certain ids of the host: `count` of them from `inside` on are those from `outside` on. */
export interface PunchedIds {
  readonly kind: 'both' | 'uid' | 'gid';
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** The ids `inside`…`inside+size-1` are `outside`…`outside+size-1`. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
}

export interface IdRanges {
  readonly users: readonly IdRange[];
  readonly groups: readonly IdRange[];
}

/** All that a map says, in the order of the ids inside. */
export function rangesOf(map: IdMap): IdRanges {
  return { users: rangesOfKind(map, 'uid'), groups: rangesOfKind(map, 'gid') };
}

/** From the ids that files are stored with under one map to those under another. */
export function rangesBetween(from: IdMap, to: IdMap): IdRanges {
  const between = (kind: 'uid' | 'gid') =>
    rangesOfKind(from, kind).flatMap((one) =>
      rangesOfKind(to, kind).flatMap((other): IdRange[] => {
        const first = Math.max(one.inside, other.inside);
        const size = Math.min(one.inside + one.size, other.inside + other.size) - first;
        const outside = first - other.inside + other.outside;
        return size > 0 ? [{ inside: first - one.inside + one.outside, outside, size }] : [];
      }),
    );
  return { users: between('uid'), groups: between('gid') };
}

/** Whether every id stays what it is. */
export function isIdentity({ users, groups }: IdRanges): boolean {
  return [...users, ...groups].every(({ inside, outside }) => inside === outside);
}

function rangesOfKind({ hostBase, size, punched = [] }: IdMap, kind: 'uid' | 'gid'): IdRange[] {
  const holes = punched
    .filter((one) => one.kind === 'both' || one.kind === kind)
    .sort((one, other) => one.inside - other.inside);
  const ranges: IdRange[] = [];
  let next = 0;
  for (const { inside, outside, count } of holes) {
    if (inside > next) ranges.push({ inside: next, outside: hostBase + next, size: inside - next });
    ranges.push({ inside, outside, size: count });
    next = inside + count;
  }
  if (next < size) ranges.push({ inside: next, outside: hostBase + next, size: size - next });
  return ranges;
}
