import type { Expanded, Instance } from './instance.ts';

/** An instance with what holds for it. */
export interface Holding {
  readonly instance: Instance;
  readonly expanded: Expanded;
}

/** What the field gives an instance when the host goes down. */
const defaultShutdownTimeoutSeconds = 30;

/**
 * In which order instances start with the server: those with a priority or a delay one after another, the highest first
 * and of equals by name, then all others at once (`boot.autostart.*`). Pure.
 */
export function startOrder(all: readonly Holding[]): {
  serial: { instance: Instance; delaySeconds: number }[];
  rest: Instance[];
} {
  const priority = (one: Holding) => numberOf(one, 'boot.autostart.priority', 0);
  const delaySeconds = (one: Holding) => numberOf(one, 'boot.autostart.delay', 0);
  const isSerial = (one: Holding) => priority(one) > 0 || delaySeconds(one) > 0;
  const serial = all
    .filter(isSerial)
    .sort((one, other) => priority(other) - priority(one) || compareNames(one, other))
    .map((one) => ({ instance: one.instance, delaySeconds: delaySeconds(one) }));
  return { serial, rest: all.filter((one) => !isSerial(one)).map(({ instance }) => instance) };
}

/**
 * Who stops together when all stop: the highest `boot.stop.priority` first. `timeoutSeconds` is what each instance has at
 * most, 0 for as long as its own `boot.host_shutdown_timeout`. Pure.
 */
export function stopOrder(
  all: readonly Holding[],
  timeoutSeconds: number,
): { instance: Instance; timeoutSeconds: number }[][] {
  const priority = (one: Holding) => numberOf(one, 'boot.stop.priority', 0);
  const patience = (one: Holding) => {
    const own = numberOf(one, 'boot.host_shutdown_timeout', defaultShutdownTimeoutSeconds);
    return timeoutSeconds > 0 ? Math.min(own, timeoutSeconds) : own;
  };
  const batches = Map.groupBy(all, priority);
  return [...batches.keys()]
    .sort((one, other) => other - one)
    .map((key) => (batches.get(key) ?? []).map((one) => ({ instance: one.instance, timeoutSeconds: patience(one) })));
}

function numberOf({ expanded }: Holding, key: string, unset: number): number {
  const value = expanded.config[key];
  return value === undefined ? unset : Number(value);
}

function compareNames(one: Holding, other: Holding): number {
  return one.instance.name < other.instance.name ? -1 : 1;
}
