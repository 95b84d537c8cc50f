import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import type { InstanceState__Output } from '../../../proto/gen/yurt/v1/InstanceState.ts';

/** How many samples of each instance are kept: the charts' width at most. */
const maxSamples = 120;

/** What a running instance used, newest last; all arrays have the same length. */
export interface Samples {
  readonly times: readonly number[];
  /** Percent of one processor since the sample before. */
  readonly cpu: readonly number[];
  readonly memory: readonly number[];
  /** Bytes per second on all interfaces but `lo`. */
  readonly received: readonly number[];
  readonly sent: readonly number[];
  readonly processes: readonly number[];
  /** Bytes of its root; 0 until it was measured. */
  readonly disk: readonly number[];
}

export interface InstanceRow {
  readonly key: string;
  /** The server that it is on; empty: the present one. */
  readonly remote: string;
  readonly instance: Instance__Output;
  readonly samples: Samples;
}

export type InstanceRows = ReadonlyMap<string, InstanceRow>;

const noSamples: Samples = { times: [], cpu: [], memory: [], received: [], sent: [], processes: [], disk: [] };

/** `project/name`; on another server than the present one `remote:project/name`. */
export function keyOf({ project, name }: { readonly project: string; readonly name: string }, remote = ''): string {
  // What a server calls its projects does not make its instances those of another server.
  const within = (project || 'default').replace(/[:/]/g, '?');
  return `${remote === '' ? '' : `${remote}:`}${within}/${name}`;
}

/** What a key stands for. */
export function placeOf(key: string): { readonly remote: string; readonly project: string; readonly name: string } {
  const slash = key.indexOf('/');
  const colon = key.slice(0, slash).indexOf(':');
  return { remote: key.slice(0, Math.max(0, colon)), project: key.slice(colon + 1, slash), name: key.slice(slash + 1) };
}

/** The rows after a server has listed its instances at `now`. Those of other servers stay as they are. */
export function withInstances(
  rows: InstanceRows,
  instances: readonly Instance__Output[],
  now: number,
  remote = '',
): InstanceRows {
  const others = [...rows].filter(([, row]) => row.remote !== remote);
  const listed = instances.map((instance) => {
    const key = keyOf(instance, remote);
    return [key, rowOf(key, rows.get(key), instance, now)] as const;
  });
  return new Map([...others, ...listed]);
}

/** The rows without those of a server that is not looked at any more. */
export function withoutRemote(rows: InstanceRows, remote: string): InstanceRows {
  return new Map([...rows].filter(([, row]) => row.remote !== remote));
}

/** An instance that came without its configuration, with the one that is known of it. */
export function withKnownConfig(rows: InstanceRows, instance: Instance__Output, remote = ''): Instance__Output {
  const known = rows.get(keyOf(instance, remote))?.instance;
  if (known === undefined || known.uuid !== instance.uuid) return instance;
  const { config, devices, expandedConfig, expandedDevices, etag } = known;
  return { ...instance, etag, config, devices, expandedConfig, expandedDevices };
}

/** The rows after one instance has changed, come or (undefined) gone. */
export function withInstance(
  rows: InstanceRows,
  key: string,
  instance: Instance__Output | undefined,
  now: number,
): InstanceRows {
  const changed = new Map(rows);
  if (instance === undefined) changed.delete(key);
  else changed.set(key, rowOf(key, rows.get(key), instance, now));
  return changed;
}

export function isRunning({ status }: Instance__Output): boolean {
  return status === 'INSTANCE_STATUS_RUNNING' || status === 'INSTANCE_STATUS_FROZEN';
}

function rowOf(key: string, before: InstanceRow | undefined, instance: Instance__Output, now: number): InstanceRow {
  const { remote } = placeOf(key);
  const same = before?.instance.uuid === instance.uuid ? before : undefined;
  // A listing without states tells nothing of one: what was known of a running instance still holds.
  const state = instance.state ?? (isRunning(instance) ? (same?.instance.state ?? null) : null);
  const merged = state === instance.state ? instance : { ...instance, state };
  if (instance.state === null)
    return { key, remote, instance: merged, samples: state === null ? noSamples : keptOf(same) };
  const known = same?.instance.state ?? null;
  const samples = keptOf(same);
  const isSameRun = known !== null && known.pid === instance.state.pid;
  return {
    key,
    remote,
    instance: merged,
    samples: sampled(isSameRun ? samples : noSamples, known, instance.state, now),
  };
}

function keptOf(row: InstanceRow | undefined): Samples {
  return row?.samples ?? noSamples;
}

/** The shortest time between two samples: differences over less say little. */
const minIntervalMs = 500;

function sampled(
  samples: Samples,
  before: InstanceState__Output | null,
  state: InstanceState__Output,
  now: number,
): Samples {
  const last = samples.times.at(-1);
  if (last !== undefined && now - last < minIntervalMs) return samples;
  const seconds = last === undefined || before === null ? 0 : (now - last) / 1000;
  const rate = (total: number, earlier: number | undefined) =>
    seconds === 0 || earlier === undefined ? 0 : Math.max(0, total - earlier) / seconds;
  const [received, sent] = traffic(state);
  const [receivedBefore, sentBefore] = before === null ? [undefined, undefined] : traffic(before);
  const add = (values: readonly number[], value: number) => [...values.slice(1 - maxSamples), value];
  return {
    times: add(samples.times, now),
    cpu: add(samples.cpu, rate(Number(state.cpuUsageNanoseconds), before?.cpuUsageNanoseconds) / 1e7),
    memory: add(samples.memory, Number(state.memoryUsageBytes)),
    received: add(samples.received, rate(received, receivedBefore)),
    sent: add(samples.sent, rate(sent, sentBefore)),
    processes: add(samples.processes, state.processCount),
    // Most readings leave it out: what was measured last still holds.
    disk: add(samples.disk, Number(state.diskUsageBytes) || (samples.disk.at(-1) ?? 0)),
  };
}

function traffic({ network }: InstanceState__Output): readonly [received: number, sent: number] {
  const links = network.filter(({ name }) => name !== 'lo');
  return [
    links.reduce((sum, { receivedBytes }) => sum + Number(receivedBytes), 0),
    links.reduce((sum, { sentBytes }) => sum + Number(sentBytes), 0),
  ];
}
