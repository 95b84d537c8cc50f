import { fit, type Line, line, span } from '../frame/line.ts';
import type { ProcessList, ProcessOrder } from '../state/page.ts';
import { orderedProcesses } from '../state/processes.ts';
import { shortSize } from '../tables/short-size.ts';
import { safe } from './safe.ts';

const titles: readonly (readonly [text: string, width: number, order?: ProcessOrder])[] = [
  ['PID', 7, 'pid'],
  ['UID', 6],
  ['S', 2],
  ['CPU%', 6, 'cpu'],
  ['MEMORY', 8, 'memory'],
  ['TIME', 9],
];

/** What runs in an instance: figures that the kernel has of each, then what it calls itself. */
export function processLines(list: ProcessList): readonly Line[] {
  if (list.state === 'loading') return [line(span('Reading …', 'dim'))];
  if (list.state === 'failed') return [line(span(safe(list.failure), 'bad'))];
  if (list.processes.length === 0) return [line(span('Nothing runs in it', 'dim'))];
  const heads = titles.map(([text, width, order]) =>
    span(`${fit(text, width, 'right')} `, order === list.order ? 'key' : 'header'),
  );
  const rows = orderedProcesses(list).map((one): Line => {
    const { pid, uid, state, name, arguments: argv } = one;
    const cpu = list.cpu.get(one.hostPid);
    const cells = [
      ...[String(pid), String(uid), state, cpu === undefined ? '' : cpu.toFixed(1)],
      ...[Number(one.memoryBytes) === 0 ? '' : shortSize(Number(one.memoryBytes)), timeOf(Number(one.cpuNanoseconds))],
    ];
    const figures = cells.map((cell, index) => `${fit(safe(cell), titles[index]?.[1] ?? 0, 'right')} `).join('');
    const command = argv.length === 0 ? `[${name}]` : argv.join(' ');
    return line(figures, span(safe(command), (cpu ?? 0) > 90 ? 'warn' : undefined));
  });
  const more = list.truncated ? [line(span('There are more: these are the first of them', 'dim'))] : [];
  return [line(...heads, span('COMMAND', 'header')), ...rows, ...more];
}

/** Time of a processor as `12:34.5`: minutes, seconds. */
function timeOf(nanoseconds: number): string {
  const tenths = Math.floor(nanoseconds / 1e8);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}
