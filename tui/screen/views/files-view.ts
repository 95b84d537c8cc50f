import { modeText } from '../../files/mode-text.ts';
import { minuteOf } from '../../output/units.ts';
import { fit, type Line, line, span, spread, wrapped } from '../frame/line.ts';
import { nameOf } from '../state/batches.ts';
import { nameOfFile } from '../state/files.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { FilesPage } from '../state/page.ts';
import type { State } from '../state/state.ts';
import { shortSize } from '../tables/short-size.ts';
import { safe } from './safe.ts';

/** A directory of an instance: its path, then what lies in it as far as the screen has room. */
export function filesLines(state: State, page: FilesPage): Line[] {
  const { entries, index } = page;
  const title = line(' ', span(safe(nameOf(page.key)), 'strong'), span(safe(page.path), 'key'));
  const count = line(span(page.state === 'here' ? `${entries.length} ` : '', 'dim'));
  const head = spread(title, count, state.size.columns);
  if (page.state === 'loading') return [head, line(span('  Reading …', 'dim'))];
  if (page.state === 'failed') return [head, ...wrapped(line(span(safe(page.failure), 'bad')), state.size.columns)];
  if (entries.length === 0) return [head, line(span('  Nothing is in it', 'dim'))];
  const height = bodyHeight(state);
  const offset = Math.max(0, Math.min(index - Math.floor(height / 2), entries.length - height));
  const rows = entries.slice(offset, offset + height).map((entry, at): Line => {
    const isSelected = offset + at === index;
    const isDirectory = entry.kind === 'directory';
    const changed = minuteOf(new Date(Number(entry.modifiedSeconds) * 1000));
    const size = isDirectory ? '' : shortSize(Number(entry.sizeBytes));
    const owner = `${entry.uid}:${entry.gid}`;
    const name = safe(nameOfFile(entry)) + (isDirectory ? '/' : '');
    const target = entry.target.length === 0 ? '' : ` → ${safe(entry.target.toString('utf8'))}`;
    const one = line(
      ...[
        `${isSelected ? '▸' : ' '} ${modeText(entry.kind, entry.mode)} ${fit(owner, 11)} ${fit(size, 6, 'right')}  ${changed}  `,
      ],
      ...[span(name, isDirectory ? 'accent' : undefined), span(target, 'dim')],
    );
    return isSelected ? { ...one, base: 'selected' } : one;
  });
  return [head, ...rows];
}
