import { Fault } from '../../base/fault.ts';
import type { ProcessorClaim } from './limit-values.ts';

/**
 * Which processors each instance gets: the pinned ones theirs, and those that only want a number the least used ones. An
 * instance keeps what it had (`before`) as long as that is as good, since moving costs it its caches. Pure.
 */
export function shareProcessors(
  available: readonly number[],
  claims: ReadonlyMap<string, ProcessorClaim>,
  before: ReadonlyMap<string, readonly number[]> = new Map(),
): Map<string, number[]> {
  const users = new Map(available.map((processor) => [processor, 0]));
  const use = (processors: readonly number[]) => {
    for (const processor of processors) users.set(processor, (users.get(processor) ?? 0) + 1);
  };
  const given = new Map<string, number[]>();
  for (const [id, claim] of claims) {
    if (claim.kind !== 'set') continue;
    const present = claim.processors.filter((processor) => available.includes(processor));
    use(present);
    given.set(id, present);
  }
  // Those who want many first: the small ones then fill the gaps.
  const counted = [...claims].flatMap(([id, claim]) => (claim.kind === 'count' ? [{ id, count: claim.count }] : []));
  for (const { id, count } of counted.sort((one, other) => other.count - one.count)) {
    const had = new Set(before.get(id) ?? []);
    const rank = (processor: number) => (users.get(processor) ?? 0) * 2 + (had.has(processor) ? 0 : 1);
    const best = [...available].sort((one, other) => rank(one) - rank(other) || one - other).slice(0, count);
    use(best);
    given.set(
      id,
      best.sort((one, other) => one - other),
    );
  }
  return given;
}

/** Fault `unsupported` for a pinned processor that this host does not have, or keeps for itself. */
export function checkProcessors(available: readonly number[], claim: ProcessorClaim): void {
  if (claim.kind !== 'set') return;
  const absent = claim.processors.filter((processor) => !available.includes(processor));
  if (absent.length === 0) return;
  throw new Fault(
    'unsupported',
    `limits.cpu names processor ${formatProcessors(absent)}, and instances of this host can have ${formatProcessors(available)}`,
  );
}

/** `0-3,5`. */
export function formatProcessors(processors: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const processor of processors) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === processor - 1) run[1] = processor;
    else runs.push([processor, processor]);
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}
