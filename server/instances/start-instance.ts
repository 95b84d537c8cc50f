import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { InstanceDevices } from '../devices/instance-devices.ts';
import type { DeviceAccess } from '../host/device-filter.ts';
import type { Runtime } from '../runtime/contract.ts';
import type { OciSpec } from '../runtime/oci-spec.ts';
import type { StorageDriver } from '../storage/contract.ts';
import { fitsIds } from './id-ranges.ts';
import type { Expanded, Instance, InstanceInit } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { LimitsApplier } from './limits/limits-applier.ts';
import { isOn, isPrivileged, wantedIdsOf } from './spec-options.ts';
import { startFault } from './start-fault.ts';
import type { TemplateWriter } from './templates/template-writer.ts';

/** All that a pure function needs to describe the container to the runtime. */
export interface SpecInput {
  readonly instance: Instance;
  readonly expanded: Expanded;
  readonly rootPath: string;
  readonly init: InstanceInit;
  /** Devices that its nodes are for. */
  readonly access: readonly DeviceAccess[];
}

export interface StartDeps {
  readonly records: InstanceRecords;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  /** Whether the project still allows it. Fault `forbidden`. */
  readonly check: (instance: Instance, expanded: Expanded) => Promise<void>;
  readonly pool: (name: string) => StorageDriver;
  readonly devices: InstanceDevices;
  readonly runtime: Runtime;
  readonly limits: Pick<LimitsApplier, 'checkHost' | 'start' | 'release'>;
  /** Puts the files into the root that are made for this start. */
  readonly templates: Pick<TemplateWriter, 'write'>;
  /** Looks at the root: which init, and can it run on this host? Fault `unsupported` with the way out. */
  readonly guestInit: (rootPath: string) => Promise<InstanceInit>;
  readonly spec: (input: SpecInput) => OciSpec;
  readonly consoleLogPath: (uuid: string) => string;
}

export class InstanceStarter {
  readonly #deps: StartDeps;

  constructor(deps: StartDeps) {
    this.#deps = deps;
  }

  /**
   * Brings a stopped instance up to a running init. Root and devices are prepared side by side; the container is created
   * on them, its devices are put in, and only then its init runs. Undoes itself on failure.
   */
  async start(task: Task, stopped: Instance): Promise<Instance> {
    const { runtime, devices, records } = this.#deps;
    using _soon = runtime.expectCreate();
    const expanded = await this.check(stopped);
    const instance = await this.#withIds(task, stopped, expanded);
    const planned = devices.plan(instance, expanded.devices);
    await using revert = new Revert(task.log);
    revert.push('remove the devices', () => devices.removeAll(ownTask(task.log), instance, planned));
    const preparing = devices.prepare(task, instance, planned);
    // Awaited below; a failure before that must not count as unhandled.
    preparing.catch(() => {});
    const pool = this.#deps.pool(instance.pool);
    revert.push('unmount the root', async () => {
      await Promise.allSettled([preparing]);
      await pool.unmountInstance(instance.uuid);
    });
    const root = await pool.mountInstance(task, instance.uuid, instance.idMap);
    await this.#deps.templates.write(instance, expanded, root.path);
    const init = await this.#deps.guestInit(root.path);
    task.signal.throwIfAborted();
    revert.push('delete the container', () => runtime.delete(instance.uuid));
    const access = await devices.access(planned);
    const spec = this.#deps.spec({ instance, expanded, rootPath: root.path, init, access });
    const consoleLogPath = this.#deps.consoleLogPath(instance.uuid);
    const [container, prepared] = await Promise.all([
      runtime.create(task, { id: instance.uuid, spec, consoleLogPath }).catch((error: unknown) => {
        throw startFault(error, expanded, false);
      }),
      preparing,
    ]);
    revert.push('give the processors back', () => this.#deps.limits.release(instance.uuid));
    await this.#deps.limits.start(instance, expanded);
    const now = new Date().toISOString();
    revert.push('record that it is stopped', async () => {
      await records.update(instance, { power: 'stopped' });
    });
    const started = await records.started(instance, { startedAt: now, lastUsedAt: now, init });
    await this.#withInit(task, instance, expanded, async () => {
      await prepared.plug(task, container.pid);
      task.signal.throwIfAborted();
      await runtime.start(task, instance.uuid);
    });
    revert.commit();
    void this.#hideRoot(task, instance, pool); // nobody waits for it, and it never fails
    return started;
  }

  /** What fails on an init that has ended fails because it has. */
  async #withInit({ signal }: Task, { uuid }: Instance, expanded: Expanded, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) throw error;
      const gone = (await this.#deps.runtime.state(uuid))?.status === 'stopped';
      throw startFault(error, expanded, gone);
    }
  }

  /** Refuses what can be known of a start before it, also while the instance runs, and returns what will hold. */
  async check(instance: Instance): Promise<Expanded> {
    const expanded = await this.#deps.expanded(instance);
    await this.#deps.check(instance, expanded);
    if (isOn(expanded.config, 'security.protection.start', false)) {
      throw new Fault('wrong-state', 'security.protection.start is true: unset it to start the instance');
    }
    await this.#deps.limits.checkHost(expanded);
    await this.#deps.devices.check(this.#deps.devices.plan(instance, expanded.devices));
    return expanded;
  }

  /** The storage gives the files other owners when it mounts them for other ids: that costs no time, and can be undone. */
  async #withIds({ log }: Task, instance: Instance, { config }: Expanded): Promise<Instance> {
    if (isPrivileged(config)) {
      log.warn(
        { instance: instance.uuid, name: instance.name },
        'a privileged instance: its root is root of this host',
      );
    }
    const wanted = wantedIdsOf(config);
    if (fitsIds(instance.idMap, wanted)) return instance;
    if (isOn(config, 'security.protection.shift', false)) {
      throw new Fault(
        'wrong-state',
        'Its files would get other ids on the host, and security.protection.shift is true',
      );
    }
    return await this.#deps.records.giveIds(instance, wanted);
  }

  /**
   * The instance has its own copy of the mount since `create`. The one on the host goes at once: any program that makes
   * itself a mount namespace would get a copy too, and keep the root busy for as long as it runs.
   */
  async #hideRoot(task: Task, instance: Instance, pool: StorageDriver): Promise<void> {
    try {
      await pool.unmountInstance(instance.uuid);
    } catch (error) {
      task.log.warn({ err: error, instance: instance.uuid }, 'the mount of a root could not be hidden');
    }
  }
}
