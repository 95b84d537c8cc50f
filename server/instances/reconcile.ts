import { parseBoolean } from '../base/config-key.ts';
import type { Log } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { ExitReason, Runtime } from '../runtime/contract.ts';
import type { BootFollower } from './boot-follower.ts';
import type { InstanceDeleter } from './delete-instance.ts';
import type { Expanded, Instance } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { LimitsApplier } from './limits/limits-applier.ts';
import type { Supervisor } from './supervisor.ts';

/** conmon writes how init ended within a moment of it. */
const exitReportMs = 1_000;

export interface ReconcileDeps {
  readonly log: Log;
  readonly records: InstanceRecords;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  readonly runtime: Pick<Runtime, 'state' | 'list' | 'delete' | 'waitExit'>;
  readonly supervisor: Supervisor;
  readonly follower: BootFollower;
  readonly limits: Pick<LimitsApplier, 'adopt'>;
  readonly deleter: InstanceDeleter;
  /** Goes on with a change that was under way; returns whether the instance is to be started. */
  readonly finishPending: (instance: Instance, runs: boolean) => Promise<boolean>;
  /** Gives an instance that runs on the devices that it should have. Never throws. */
  readonly repairDevices: (instance: Instance, pid: number) => Promise<void>;
  /** Whether the host was booted since a server last ran here. */
  readonly hostRebooted: boolean;
}

/**
 * Compares what the records say with what the kernel has, after a start of the server: whatever an earlier one left
 * half-made is removed, running instances are found again. Returns the instances that should run and do not.
 */
export async function reconcile(deps: ReconcileDeps): Promise<Instance[]> {
  const { records, runtime, log } = deps;
  const all = await records.list();
  const known = new Set(all.map(({ uuid }) => uuid));
  for (const id of await runtime.list()) {
    if (known.has(id)) continue;
    log.warn({ container: id }, 'removing a container that no record knows');
    try {
      await runtime.delete(id);
    } catch (error) {
      log.error({ err: error, container: id }, 'a container that no record knows could not be removed');
    }
  }
  const toStart: Instance[] = [];
  // What is half-made goes last: a change that goes on may need it.
  const whole = all.filter(({ phase }) => phase === 'ready');
  for (const instance of [...whole, ...all.filter(({ phase }) => phase !== 'ready')]) {
    try {
      if (await reconcileOne(deps, instance)) toStart.push(instance);
    } catch (error) {
      log.error({ err: error, instance: instance.uuid }, 'an instance could not be reconciled');
    }
  }
  return toStart;
}

/** Whether the instance should be started. */
async function reconcileOne(deps: ReconcileDeps, instance: Instance): Promise<boolean> {
  const { runtime, supervisor, log } = deps;
  if (instance.phase !== 'ready') {
    log.info({ instance: instance.uuid, phase: instance.phase }, 'removing a half-made instance');
    await runtime.delete(instance.uuid);
    await deps.deleter.finish(ownTask(log), instance);
    return false;
  }
  const state = await runtime.state(instance.uuid);
  const runs = state?.status === 'running' || state?.status === 'paused';
  if (instance.pending !== undefined) {
    if (!runs) await supervisor.cleanUp(instance);
    const start = await deps.finishPending(instance, runs);
    if (!runs) return start;
  }
  if (state?.status === 'running' || state?.status === 'paused') {
    supervisor.watch(instance, state.status === 'paused');
    await deps.repairDevices(instance, state.pid);
    if (state.status === 'running') deps.follower.follow(instance);
    await deps.limits.adopt(instance, await deps.expanded(instance));
    return false;
  }
  // It never got to run, or ended while no server watched.
  const ended = state?.status === 'stopped' ? await seenEnd(deps, instance) : undefined;
  const shouldRun = instance.power === 'running';
  if (shouldRun || state !== undefined) await supervisor.cleanUp(instance);
  if (!shouldRun) return await wantsAutostart(deps, instance);
  // The host went down, a start was cut, or nobody saw the end: what should run does so again.
  if (ended === undefined) return await wantsAutostart(deps, instance);
  if (ended.kind === 'rebooted') return true;
  if (instance.ephemeral && !(await deps.deleter.isProtected(instance))) {
    await deps.deleter.delete(ownTask(log), instance);
  }
  return false;
}

/** How it ended, if conmon saw that. One whose container was still being made when the server died has no end to tell of. */
async function seenEnd({ runtime, log }: ReconcileDeps, { uuid }: Instance): Promise<ExitReason | undefined> {
  try {
    const reason = await runtime.waitExit(uuid, AbortSignal.timeout(exitReportMs));
    return reason.kind === 'lost' ? undefined : reason;
  } catch (error) {
    log.info({ err: error, instance: uuid }, 'an instance that does not run has no end on record');
    return undefined;
  }
}

/** `boot.autostart` decides after a boot of the host; unset restores what was (field-map 2.1). */
async function wantsAutostart(deps: ReconcileDeps, instance: Instance): Promise<boolean> {
  const { config } = await deps.expanded(instance);
  const wanted = parseBoolean(config['boot.autostart'] ?? '');
  if (wanted === undefined) return instance.power === 'running';
  return wanted && (deps.hostRebooted || instance.power === 'running');
}
