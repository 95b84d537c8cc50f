import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { StorageDriver } from '../storage/contract.ts';
import type { SourceImage } from './create-instance.ts';
import type { Instance } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { InstanceStopper } from './stop-instance.ts';
import type { Supervisor } from './supervisor.ts';
import type { InstanceMetadataRecords, SourceTemplates } from './templates/instance-metadata.ts';
import { applyTemplateKey } from './templates/pending-trigger.ts';

export interface RebuildDeps {
  readonly records: InstanceRecords;
  readonly pool: (name: string) => StorageDriver;
  /** Ends whatever else has the root of a stopped instance mounted. */
  readonly freeRoot: (instance: Instance) => Promise<void>;
  /** The templates of an image; undefined when it has none. */
  readonly templates: (fingerprint: string) => Promise<SourceTemplates | undefined>;
  readonly metadata: Pick<InstanceMetadataRecords, 'reset'>;
  readonly unpackImage: (task: Task, fingerprint: string, directory: string) => Promise<void>;
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly stopper: Pick<InstanceStopper, 'stop'>;
  /** Starts an instance that the caller holds. */
  readonly start: (task: Task, instance: Instance) => Promise<void>;
}

/** Gives an instance a fresh root from an image. Its configuration, devices and snapshots stay. */
export class InstanceRebuilder {
  readonly #deps: RebuildDeps;

  constructor(deps: RebuildDeps) {
    this.#deps = deps;
  }

  /** Fault `wrong-state` for a running instance without `force`, `invalid` for an image of another architecture. */
  check(instance: Instance, image: SourceImage, force: boolean): void {
    if (this.#deps.supervisor.status(instance.uuid) !== 'stopped' && !force) {
      throw new Fault('wrong-state', 'The instance is currently running, stop it first or pass --force');
    }
    if (image.architecture !== instance.architecture) {
      const [theirs, ours] = [image.architecture, instance.architecture];
      throw new Fault('invalid', `The image is for ${theirs}, instance "${instance.name}" for ${ours}`);
    }
  }

  /**
   * A running instance is killed for it, and started again. What is under way is recorded first: a server that finds it
   * goes on. Undoes itself on failure.
   */
  async rebuild(task: Task, instance: Instance, image: SourceImage): Promise<void> {
    const { records, supervisor, stopper, start, unpackImage } = this.#deps;
    const { fingerprint } = image;
    const pool = this.#deps.pool(instance.pool);
    const runs = supervisor.status(instance.uuid) !== 'stopped';
    if (!(await pool.hasImage(fingerprint))) {
      task.report({ stage: 'Unpacking image' });
      await pool.createImage(task, fingerprint, (directory) => unpackImage(task, fingerprint, directory));
    }
    const pending = { kind: 'rebuild', fingerprint, start: runs } as const;
    await using revert = new Revert(task.log);
    await records.update(instance, { pending });
    revert.push('forget what was under way', async () => void (await records.update(instance, { pending: undefined })));
    if (runs) {
      await stopper.stop(task, instance, { force: true, timeoutSeconds: 0 });
      revert.push('start it again', async () => {
        await start(ownTask(task.log), await records.get(instance.project, instance.name));
      });
    }
    const { config, image: before } = instance;
    revert.push('record what it was', async () => {
      await records.update(instance, { config, image: before, pending: undefined });
    });
    await records.update(instance, {
      config: configFor(instance, image),
      image: { fingerprint, description: image.properties['description'] ?? '' },
    });
    await this.#deps.freeRoot(instance);
    await pool.rebuildInstance(task, instance.uuid, fingerprint, instance.idMap);
    await this.#resetTemplates(instance, fingerprint);
    // What is to run counts as running: a server that finds it starts it.
    const rebuilt = await records.update(instance, { pending: undefined, power: runs ? 'running' : 'stopped' });
    revert.commit();
    if (runs) await start(task, rebuilt);
  }

  /** Goes on with what an earlier server began; returns whether the instance should be started. */
  async finish(task: Task, instance: Instance): Promise<boolean> {
    const { records } = this.#deps;
    const { pending } = instance;
    if (pending?.kind !== 'rebuild') return false;
    task.log.info({ instance: instance.uuid }, 'going on with the rebuilding of an instance');
    const pool = this.#deps.pool(instance.pool);
    await pool.unmountInstance(instance.uuid);
    // Before the record names the image the root has not changed, and it is too late to ask what else is to be recorded.
    if (instance.image.fingerprint === pending.fingerprint) {
      await pool.rebuildInstance(task, instance.uuid, pending.fingerprint, instance.idMap);
      await this.#resetTemplates(instance, pending.fingerprint);
    }
    await records.update(instance, { pending: undefined, power: pending.start ? 'running' : 'stopped' });
    return pending.start;
  }

  /** Those of the old image would be for files that the new one does not have. */
  async #resetTemplates({ project, name }: Instance, fingerprint: string): Promise<void> {
    const { records, metadata, templates } = this.#deps;
    await metadata.reset(await records.get(project, name), await templates(fingerprint));
  }
}

function configFor({ config }: Instance, { fingerprint, properties }: SourceImage): Record<string, string> {
  const kept = Object.entries(config).filter(([key]) => !key.startsWith('image.'));
  const facts = Object.entries(properties).map(([key, value]) => [`image.${key}`, value]);
  return {
    ...Object.fromEntries([...kept, ...facts]),
    'volatile.base_image': fingerprint,
    [applyTemplateKey]: 'create',
  };
}
