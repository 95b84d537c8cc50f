import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import { byteSize, dateOf, durationOf, minuteOf } from '../../output/units.ts';
import { fit, type Line, line, span } from '../frame/line.ts';
import { sparkline } from '../frame/sparkline.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { InstanceRow } from '../state/instance-rows.ts';
import type { InstancePage, TabName } from '../state/page.ts';
import type { Clock, State } from '../state/state.ts';
import { clockTime } from '../tables/clock-time.ts';
import { addressOf, cpuOf, roleOf, stateOf } from '../tables/instances.ts';
import { operationRole, progressOf, timeOf } from '../tables/other-tables.ts';
import { shortSize } from '../tables/short-size.ts';
import { configLines, deviceLines } from './content-views.ts';
import { processLines } from './processes-view.ts';
import { safe } from './safe.ts';
import { snapshotLines } from './snapshots-view.ts';

/** The content of a tab of an instance's page. */
export function instanceLines(state: State, page: InstancePage): readonly Line[] {
  const row = state.data.instances.get(page.key);
  if (row === undefined) return [line(span('The instance does not exist any more: esc goes back', 'dim'))];
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
    ...operationLines(instance, state),
  ];
}

function operationLines({ name }: Instance__Output, { data }: State): Line[] {
  const own = [...data.operations.values()].filter(({ resources }) => resources.includes(`instance/${name}`)).slice(-5);
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

function eventLines({ instance }: InstanceRow, { data, ...clock }: State): Line[] {
  const resource = `instance/${instance.name}`;
  const own = [...data.events.values()].filter(
    ({ lifecycle }) => lifecycle?.source === resource || lifecycle?.source.startsWith(`${resource}/`),
  );
  if (own.length === 0) return [line(span('Nothing has happened to it since this screen was opened', 'dim'))];
  return own.map((event) => {
    const context = Object.entries(event.lifecycle?.context ?? {}).map(([key, value]) => `${key}=${value}`);
    return line(
      ...[span(`${timeOf(event, clock)} `, 'dim'), span(`${safe(event.lifecycle?.action ?? '')}  `)],
      span(safe(context.join(' ')), 'dim'),
    );
  });
}

function metricLines({ samples, instance }: InstanceRow, { size }: State): Line[] {
  if (samples.times.length === 0) return [line(span('No figures while it does not run', 'dim'))];
  const width = Math.max(10, Math.min(120, size.columns - 2));
  const limit = Number(instance.state?.memoryLimitBytes ?? 0);
  const last = (values: readonly number[]) => values.at(-1) ?? 0;
  const top = (values: readonly number[]) => Math.max(0, ...values);
  const chart = (title: string, values: readonly number[], text: (value: number) => string, most?: number) => [
    line(span(fit(title, 12), 'header'), `${text(last(values))}  `, span(`at most ${text(top(values))}`, 'dim')),
    line(span(sparkline(values, width, most), 'accent')),
    line(),
  ];
  return [
    ...chart('CPU', samples.cpu, (value) => `${value.toFixed(1)}%`, Math.max(100, top(samples.cpu))),
    ...chart('Memory', samples.memory, byteSize, limit === 0 ? undefined : limit),
    ...(last(samples.disk) === 0 ? [] : chart('Disk', samples.disk, byteSize)),
    ...chart('Received', samples.received, (value) => `${shortSize(value)}/s`),
    ...chart('Sent', samples.sent, (value) => `${shortSize(value)}/s`),
    ...chart('Processes', samples.processes, String),
  ];
}

function field(name: string, value: string, role?: Parameters<typeof span>[1]): Line {
  return line(span(`${fit(safe(name), 14)} `, 'dim'), span(safe(value), role));
}

function optional(name: string, value: string): Line[] {
  return value === '' ? [] : [field(name, value)];
}
