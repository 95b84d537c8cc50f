import { dateOf, minuteOf } from '../../output/units.ts';
import { fit, type Line, line, span } from '../frame/line.ts';
import type { Bindings } from '../keys/bindings.ts';
import type { SnapshotList } from '../state/page.ts';
import type { Clock } from '../state/state.ts';
import { shortSize } from '../tables/short-size.ts';
import { keyWord } from './key-word.ts';
import { safe } from './safe.ts';

interface View extends Clock {
  readonly bindings: Bindings;
}

const nameWidth = 28;
const timeWidth = 20;

/** Snapshots of an instance: titles, then as many of them around the cursor as `height` has room for. */
export function snapshotLines(list: SnapshotList, height: number, { bindings, ...clock }: View): readonly Line[] {
  const { snapshots, index } = list;
  if (list.state === 'loading') return [line(span('  Reading …', 'dim'))];
  if (list.state === 'failed') return [line('  ', span(safe(list.failure), 'bad'))];
  if (snapshots.length === 0)
    return [line(span(`  No snapshots yet: ${keyWord(bindings, 'new-snapshot')} takes the first`, 'dim'))];
  const titles = `  ${fit('NAME', nameWidth)} ${fit('CREATED', timeWidth)} ${fit('EXPIRES', timeWidth)} SIZE`;
  const rows = Math.max(1, height - 1);
  const offset = Math.max(0, Math.min(index - Math.floor(rows / 2), snapshots.length - rows));
  const shown = snapshots.slice(offset, offset + rows).map((snapshot, at): Line => {
    const isSelected = offset + at === index;
    const created = dateOf(snapshot.createdAt);
    const expires = dateOf(snapshot.expiresAt);
    const isDue = expires !== undefined && expires.getTime() <= clock.now;
    const size = Number(snapshot.diskUsageBytes) === 0 ? '' : shortSize(Number(snapshot.diskUsageBytes));
    const one = line(
      `${isSelected ? '▸' : ' '} ${fit(safe(snapshot.name), nameWidth)} ${fit(minuteOf(created), timeWidth)} `,
      span(fit(expires === undefined ? 'never' : minuteOf(expires), timeWidth), isDue ? 'warn' : undefined),
      ` ${size}`,
    );
    return isSelected ? { ...one, base: 'selected' } : one;
  });
  return [line(span(titles, 'header')), ...shown];
}
