import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import { byteSize, dateOf, durationOf, minuteOf } from '../../output/units.ts';
import { fit, type Line, line, span } from '../frame/line.ts';
import { chart, sparkline } from '../frame/sparkline.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { InstanceRow } from '../state/instance-rows.ts';
import type { InstancePage, TabName } from '../state/page.ts';
import type { Clock, State } from '../state/state.ts';
import { clockTime } from '../tables/clock-time.ts';
import { addressOf, cpuOf, roleOf, stateOf } from '../tables/instances.ts';
import { operationRole, progressOf, timeOf } from '../tables/other-tables.ts';
import { shortSize } from '../tables/short-size.ts';
import { configLines, deviceLines } from './content-views.ts';
import { keyWord } from './key-word.ts';
import { processLines } from './processes-view.ts';
import { safe } from './safe.ts';
import { snapshotLines } from './snapshots-view.ts';

/** The content of a tab of an instance's page. */
export function instanceLines(state: State, page: InstancePage): readonly Line[] {
  const row = state.data.instances.get(page.key);
  if (row === undefined) {
    const key = keyWord(state.bindings, 'back');
    return [line(span(`The instance does not exist any more: ${key} goes back`, 'dim'))];
  }
  return tabs[page.tab](row, state, page);
}

const tabs: Readonly<Record<TabName, (row: InstanceRow, state: State, page: InstancePage) => readonly Line[]>> = {
  overview: overviewLines,
  devices: deviceLines,
  config: configLines,
  network: ({ instance }) => networkLines(instance),
  snapshots: (_row, state, { snapshots }) => snapshotLines(snapshots, bodyHeight(state), state),
  processes: ({ instance }, _state, { processes }) =>
    instance.state === null ? [line(span('Nothing runs while it is stopped', 'dim'))] : processLines(processes),
  log: (_row, state, page) => logLines(page, state),
  events: eventLines,
  metrics: metricLines,
};

function overviewLines(row: InstanceRow, state: State): Line[] {
  const { instance } = row;
  const { state: running } = instance;
  const started = dateOf(running?.startedAt);
  const uptime = started === undefined ? '' : durationOf(Math.max(0, (state.now - started.getTime()) / 1000));
  const limit = Number(running?.memoryLimitBytes ?? 0);
  const cpu = cpuOf(row);
  return [
    field('State', stateOf(instance), roleOf(row)),
    ...optional('Why', instance.statusDetail),
    ...optional('Init', running?.initState ?? ''),
    ...optional('Description', instance.description),
    ...(running === null
      ? []
      : [
          ...optional('IPv4', addressOf(instance, 'inet')),
          ...optional('IPv6', addressOf(instance, 'inet6')),
          field('CPU', cpu === undefined ? '' : `${cpu.toFixed(1)}%  ${sparkline(row.samples.cpu, 30, 100)}`),
          field(
            'Memory',
            `${byteSize(Number(running.memoryUsageBytes))}${limit === 0 ? '' : ` of ${byteSize(limit)}`}  ${sparkline(row.samples.memory, 30, limit === 0 ? undefined : limit)}`,
          ),
          ...optional('Disk', Number(running.diskUsageBytes) === 0 ? '' : byteSize(Number(running.diskUsageBytes))),
          field('Processes', String(running.processCount)),
          field('Pid', String(running.pid)),
          field('Up for', uptime),
        ]),
    field('Image', instance.imageDescription || instance.imageFingerprint.slice(0, 12)),
    field('Profiles', instance.profiles.join(', ')),
    field('Architecture', instance.architecture),
    field('Ephemeral', instance.ephemeral ? 'yes: deleted when it stops' : 'no'),
    field('Created', minuteOf(dateOf(instance.createdAt))),
    field('Last used', minuteOf(dateOf(instance.lastUsedAt))),
    field('Uuid', instance.uuid),
    ...operationLines(row, state),
  ];
}

function operationLines({ instance: { name, project }, remote }: InstanceRow, { data }: State): Line[] {
  const own = [...data.operations.values()]
    .filter((row) => row.remote === remote)
    .map(({ operation }) => operation)
    .filter((one) => one.project === project && one.resources.includes(`instance/${name}`))
    .slice(-5);
  if (own.length === 0) return [];
  const lines = own.map((operation) =>
    line('  ', span(fit(safe(operation.description), 40), operationRole(operation)), ' ', safe(progressOf(operation))),
  );
  return [line(), line(span('Operations', 'header')), ...lines];
}

function networkLines({ state }: Instance__Output): Line[] {
  if (state === null || state.network.length === 0) return [line(span('No network while it does not run', 'dim'))];
  return state.network.flatMap((link) => [
    line(span(safe(link.name), 'strong'), '  ', span(safe(link.state), link.state === 'up' ? 'good' : 'dim')),
    ...link.addresses.map(({ family, address, prefixLength, scope }) =>
      field(`  ${family}`, `${address}/${prefixLength}  ${scope}`),
    ),
    ...optional('  hwaddr', link.hwaddr),
    ...optional('  host side', link.hostName),
    field('  mtu', String(link.mtu)),
    field('  received', byteSize(Number(link.receivedBytes))),
    field('  sent', byteSize(Number(link.sentBytes))),
  ]);
}

function logLines({ log, document }: InstancePage, clock: Clock): Line[] {
  if (log.state === 'loading') return [line(span('Reading …', 'dim'))];
  if (log.state === 'failed') return [line(span(safe(log.failure), 'bad'))];
  if (log.lines.length === 0) return [line(span('Nothing was printed to the console', 'dim'))];
  return log.lines.map(({ text, at }) => {
    if (!document.timestamps) return line(safe(text));
    const time = at === undefined ? '        ' : clockTime(at, clock);
    return line(span(`${time} `, 'dim'), safe(text));
  });
}

function eventLines({ instance, remote }: InstanceRow, { data, ...clock }: State): Line[] {
  const resource = `instance/${instance.name}`;
  const own = [...data.events.values()]
    .filter((row) => row.remote === remote && row.event.project === instance.project)
    .map(({ event }) => event)
    .filter(({ lifecycle }) => lifecycle?.source === resource || lifecycle?.source.startsWith(`${resource}/`));
  if (own.length === 0) return [line(span('Nothing has happened to it since this screen was opened', 'dim'))];
  return own.map((event) => {
    const context = Object.entries(event.lifecycle?.context ?? {}).map(([key, value]) => `${key}=${value}`);
    return line(
      ...[span(`${timeOf(event, clock)} `, 'dim'), span(`${safe(event.lifecycle?.action ?? '')}  `)],
      span(safe(context.join(' ')), 'dim'),
    );
  });
}

/** One for each figure, as high as there is room for all of them. */
function metricLines({ samples, instance }: InstanceRow, state: State): Line[] {
  if (samples.times.length === 0) return [line(span('No figures while it does not run', 'dim'))];
  const width = Math.max(10, Math.min(120, state.size.columns - 2));
  const limit = Number(instance.state?.memoryLimitBytes ?? 0);
  const rate = (value: number) => `${shortSize(value)}/s`;
  const charts: readonly Chart[] = [
    {
      title: 'CPU',
      values: samples.cpu,
      text: (value) => `${value.toFixed(1)}%`,
      most: Math.max(100, topOf(samples.cpu)),
    },
    { title: 'Memory', values: samples.memory, text: byteSize, most: limit === 0 ? undefined : limit },
    ...(topOf(samples.disk) === 0 ? [] : [{ title: 'Disk', values: samples.disk, text: byteSize, most: undefined }]),
    { title: 'Received', values: samples.received, text: rate, most: undefined },
    { title: 'Sent', values: samples.sent, text: rate, most: undefined },
    { title: 'Processes', values: samples.processes, text: String, most: undefined },
  ];
  const height = Math.max(1, Math.min(maxChartRows, Math.floor(bodyHeight(state) / charts.length) - 1));
  const seconds = ((samples.times.at(-1) ?? 0) - (samples.times[0] ?? 0)) / 1000;
  return charts.flatMap(({ title, values, text, most }) => [
    line(
      ...[span(fit(title, 12), 'header'), `${text(values.at(-1) ?? 0)}  `],
      span(`at most ${text(topOf(values))} in ${durationOf(seconds)}`, 'dim'),
    ),
    ...chart(values, width, height, most).map((row) => line(span(row, 'accent'))),
  ]);
}

const maxChartRows = 8;

interface Chart {
  readonly title: string;
  readonly values: readonly number[];
  readonly text: (value: number) => string;
  /** What the full height stands for; undefined: the most that was seen. */
  readonly most: number | undefined;
}

function topOf(values: readonly number[]): number {
  return Math.max(0, ...values);
}

function field(name: string, value: string, role?: Parameters<typeof span>[1]): Line {
  return line(span(`${fit(safe(name), 14)} `, 'dim'), span(safe(value), role));
}

function optional(name: string, value: string): Line[] {
  return value === '' ? [] : [field(name, value)];
}
