import { fit, type Line, line, type Span, span } from '../frame/line.ts';
import type { Role } from '../frame/theme.ts';
import { type ContentRow, configRows, deviceRows } from '../state/content-rows.ts';
import { draftOf } from '../state/draft.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { InstanceRow } from '../state/instance-rows.ts';
import type { InstancePage } from '../state/page.ts';
import type { State } from '../state/state.ts';
import { keyWord } from './key-word.ts';
import { safe } from './safe.ts';

const marks: Readonly<Record<'new' | 'changed' | 'removed', readonly [mark: string, role: Role]>> = {
  new: ['+', 'good'],
  changed: ['~', 'busy'],
  removed: ['-', 'bad'],
};

const keyWidth = 34;
const nameWidth = 14;

/** The configuration of an instance, with what was drafted of it. */
export function configLines({ instance, key }: InstanceRow, state: State, page: InstancePage): readonly Line[] {
  const rows = configRows(instance, draftOf(state, key));
  if (rows.length === 0)
    return [
      line(
        span(`Nothing is configured: the defaults hold. ${keyWord(state.bindings, 'new-setting')} sets a key`, 'dim'),
      ),
    ];
  const lines = rows.map((row, index) => [
    rowLine(row, index === page.index, [span(`${fit(safe(row.name), keyWidth)} `, 'accent'), span(safe(row.value))]),
  ]);
  return around(lines, page.index, bodyHeight(state));
}

/** Its devices, each with its options below it. */
export function deviceLines({ instance, key }: InstanceRow, state: State, page: InstancePage): readonly Line[] {
  const rows = deviceRows(instance, draftOf(state, key));
  if (rows.length === 0) return [line(span(`No devices: ${keyWord(state.bindings, 'new-setting')} adds one`, 'dim'))];
  const lines = rows.map((row, index) => {
    const { type = '', ...options } = row.value;
    return [
      rowLine(row, index === page.index, [
        span(`${fit(safe(row.name), nameWidth)} `, 'strong'),
        span(safe(type), 'accent'),
      ]),
      ...Object.entries(options).map(([option, value]) =>
        line(span(`      ${fit(safe(option), nameWidth)} `, 'dim'), span(safe(value))),
      ),
    ];
  });
  return around(lines, page.index, bodyHeight(state));
}

function rowLine({ change, isOwn }: ContentRow<unknown>, isSelected: boolean, content: readonly Span[]): Line {
  const [mark, role] = change === undefined ? [' ', undefined] : marks[change];
  const source = isOwn ? '' : '  from a profile';
  const spans = [span(isSelected ? '▸' : ' '), span(`${mark} `, role), ...content, span(source, 'dim')];
  return isSelected ? { spans, base: 'selected' } : { spans };
}

/** As many lines as there is room for, with those of the row under the cursor among them. */
function around(rows: readonly (readonly Line[])[], index: number, height: number): Line[] {
  const before = rows.slice(0, index).reduce((sum, row) => sum + row.length, 0);
  const all = rows.flat();
  const own = rows[index]?.length ?? 1;
  const middle = before - Math.floor((height - own) / 2);
  const offset = Math.max(0, Math.min(middle, before, all.length - height));
  return all.slice(offset, offset + height);
}
