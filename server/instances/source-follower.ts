import type { Instance } from './instance.ts';
import type { InstanceLocks } from './instance-locks.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { Supervisor } from './supervisor.ts';

export interface SourceFollowerDeps {
  readonly records: Pick<InstanceRecords, 'list' | 'find'>;
  readonly locks: Pick<InstanceLocks, 'released' | 'acquire' | 'current'>;
  readonly status: Supervisor['status'];
  readonly pid: (uuid: string) => Promise<number | undefined>;
  /** Gives an instance that runs on the devices that it should have. Never throws. */
  readonly repair: (instance: Instance, pid: number) => Promise<void>;
}

/** Makes devices of a running instance come and go with their sources. */
export class SourceFollower {
  readonly #deps: SourceFollowerDeps;

  constructor(deps: SourceFollowerDeps) {
    this.#deps = deps;
  }

  /** Waits for whatever else is being done to the instance; what is over by then is left alone. */
  async follow(uuid: string): Promise<void> {
    const { records, locks, status, pid, repair } = this.#deps;
    const found = (await records.list()).find((instance) => instance.uuid === uuid);
    if (found === undefined) return;
    const { project, name } = found;
    while (locks.current(project, name) !== undefined) await locks.released(project, name);
    using _lock = locks.acquire(project, name, 'changed');
    const instance = await records.find(project, name);
    if (instance?.uuid !== uuid || !['running', 'paused'].includes(status(uuid))) return;
    const init = await pid(uuid);
    if (init !== undefined && init > 0) await repair(instance, init);
  }
}
