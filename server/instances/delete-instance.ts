import type { Task } from '../base/task.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { Expanded, Instance } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import { isOn } from './spec-options.ts';

export interface DeleteDeps {
  readonly records: InstanceRecords;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
  readonly pool: (name: string) => StorageDriver;
  readonly removeSnapshots: (task: Task, instance: Instance) => Promise<void>;
  /** Removes logs and whatever else is kept per instance. Idempotent. */
  readonly removeFiles: (uuid: string) => Promise<void>;
}

export class InstanceDeleter {
  readonly #deps: DeleteDeps;

  constructor(deps: DeleteDeps) {
    this.#deps = deps;
  }

  async isProtected(instance: Instance): Promise<boolean> {
    return isOn((await this.#deps.expanded(instance)).config, 'security.protection.delete', false);
  }

  /**
   * Removes a stopped instance. There is no way back once its root begins to go, so nothing is undone: the phase in
   * the record makes the next server finish what a `kill -9` interrupts.
   */
  async delete(task: Task, instance: Instance): Promise<void> {
    await this.#deps.records.update(instance, { phase: 'deleting' });
    await this.finish(task, instance);
  }

  /** Goes on with a deletion, or a creation, that was interrupted. Every step is idempotent. */
  async finish(task: Task, instance: Instance): Promise<void> {
    const pool = this.#deps.pool(instance.pool);
    await this.#deps.removeSnapshots(task, instance);
    await pool.unmountInstance(instance.uuid);
    await pool.deleteInstance(task, instance.uuid);
    await this.#deps.removeFiles(instance.uuid);
    await this.#deps.records.remove(instance);
  }
}
