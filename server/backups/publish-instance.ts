import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import type { ProgramOutput } from '../host/program-output.ts';
import { checkProperties, type ImageMetadata } from '../images/image-metadata.ts';
import { checkAlias } from '../images/image-name.ts';
import type { ImageStore, StoredImage } from '../images/image-store.ts';
import type { HeldWork } from '../instances/held-work.ts';
import { type Instance, resourceOf } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { InstanceStopper } from '../instances/stop-instance.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import type { InstanceMetadataRecords } from '../instances/templates/instance-metadata.ts';
import type { OperationView } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';
import type { Snapshot } from '../snapshots/snapshot.ts';
import type { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import type { SnapshotTaker } from '../snapshots/take-snapshot.ts';
import type { StorageDriver } from '../storage/contract.ts';
import { withImageContent } from './image-content.ts';

export interface PublishRequest {
  readonly project: string;
  readonly instance: string;
  /** Empty: the instance as it is. */
  readonly snapshot: string;
  /** A running instance is killed for the moment in which its root is kept, and started again. */
  readonly force: boolean;
  readonly aliases: readonly string[];
  /** Names that other images have become those of the new one. */
  readonly reuse: boolean;
  /** Win over those that the instance has from its image. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Where the image goes. */
export interface PublishTarget {
  readonly images: Pick<ImageStore, 'import' | 'list' | 'delete'>;
  /** Makes the new image ready for launches. */
  readonly prepare: (task: Task, fingerprint: string) => Promise<void>;
  /** Removes what is kept of an image that is gone. */
  readonly discard: (task: Task, fingerprint: string) => Promise<void>;
}

export interface PublishDeps {
  readonly records: InstanceRecords;
  readonly snapshots: SnapshotRecords;
  readonly metadata: Pick<InstanceMetadataRecords, 'find'>;
  readonly taker: Pick<SnapshotTaker, 'whileKept'>;
  readonly pool: (name: string) => StorageDriver;
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly stopper: Pick<InstanceStopper, 'stop'>;
  /** Starts an instance that the caller holds. */
  readonly start: (task: Task, instance: Instance) => Promise<void>;
  readonly work: HeldWork;
  readonly operations: Operations;
  readonly events: Events;
  readonly output: ProgramOutput;
}

/** Makes images of instances and snapshots. */
export class InstancePublisher {
  readonly #deps: PublishDeps;

  constructor(deps: PublishDeps) {
    this.#deps = deps;
  }

  /** Checks first. Faults: `not-found`, `wrong-state` for a running instance, `already-exists` for a taken alias, `invalid`. */
  async publish(request: PublishRequest, target: PublishTarget): Promise<OperationView> {
    const { records, snapshots, work, operations } = this.#deps;
    const instance = await records.get(request.project, request.instance);
    const snapshot = request.snapshot === '' ? undefined : await snapshots.get(instance, request.snapshot);
    if (snapshot === undefined) this.#checkStopped(instance, request.force);
    request.aliases.forEach(checkAlias);
    checkProperties(request.properties);
    await checkAliasesFree(request, target);
    const name = snapshot === undefined ? instance.name : `${instance.name}/${snapshot.name}`;
    const home = instance.project;
    using taken = new DisposableStack();
    if (snapshot === undefined) taken.use(work.hold(instance, 'exported'));
    const held = taken.move();
    const start = {
      kind: 'image.publish',
      description: `Publishing instance ${name}`,
      ...{ project: home, resources: [resourceOf(instance)] },
    };
    try {
      return operations.start(start, async (task) => {
        using _released = held;
        try {
          const before = await target.images.list();
          const { fingerprint } =
            snapshot === undefined
              ? await this.#publishNow(task, instance, held, request, target)
              : await this.#make(task, snapshot, request, target);
          this.#deps.events.lifecycle('image-created', `image/${fingerprint}`, { source: resourceOf(instance) }, home);
          const warnings = request.reuse ? await removeNameless(task, before, target) : [];
          await target.prepare(task, fingerprint);
          return { imageFingerprint: fingerprint, warnings };
        } catch (error) {
          throw Fault.during(`Cannot publish instance "${name}"`, error);
        }
      });
    } catch (error) {
      held.dispose();
      throw error;
    }
  }

  /** The instance is down only until its root is kept, and free for other verbs from then on. */
  async #publishNow(
    task: Task,
    { project, name }: Instance,
    held: DisposableStack,
    request: PublishRequest,
    target: PublishTarget,
  ): Promise<StoredImage> {
    const { records, supervisor, stopper, taker, start } = this.#deps;
    const now = await records.get(project, name);
    this.#checkStopped(now, request.force);
    const again = async () => await start(ownTask(task.log), await records.get(project, name));
    // A server that finds this starts it.
    const expectStart = async (pending: Instance['pending']) => void (await records.update(now, { pending }));
    await using revert = new Revert(task.log);
    const runs = supervisor.status(now.uuid) !== 'stopped';
    if (runs) {
      await expectStart({ kind: 'publish', start: true });
      revert.push('forget what was under way', () => expectStart(undefined));
      await stopper.stop(task, now, { force: true, timeoutSeconds: 0 });
      revert.push('start it again', again);
    }
    return await taker.whileKept(task, now, async (kept) => {
      if (runs) await again();
      revert.commit();
      if (runs) await expectStart(undefined);
      held.dispose();
      return await this.#make(task, kept, request, target);
    });
  }

  async #make(task: Task, kept: Snapshot, request: PublishRequest, target: PublishTarget): Promise<StoredImage> {
    const { rules, files } = (await this.#deps.metadata.find(kept.uuid)) ?? { rules: [], files: [] };
    const metadata = { ...metadataOf(kept, request.properties), templates: rules };
    return await this.#deps.pool(kept.pool).readSnapshot(task, kept.uuid, async (directory) => {
      return await withImageContent(task, this.#deps.output, { directory, metadata, files }, async (content) => {
        await checkAliasesFree(request, target);
        return await target.images.import(task, { content, aliases: request.aliases });
      });
    });
  }

  #checkStopped({ uuid }: Instance, force: boolean): void {
    if (this.#deps.supervisor.status(uuid) !== 'stopped' && !force) {
      throw new Fault('wrong-state', 'The instance is currently running, stop it first or pass --force');
    }
  }
}

/** Fault `already-exists`. */
async function checkAliasesFree({ aliases, reuse }: PublishRequest, { images }: PublishTarget): Promise<void> {
  if (reuse || aliases.length === 0) return;
  const known = new Set((await images.list()).flatMap((image) => image.aliases.map(({ name }) => name)));
  const taken = aliases.find((alias) => known.has(alias));
  if (taken !== undefined) throw new Fault('already-exists', `Image alias "${taken}" exists already`);
}

/** Of the images that had a name before, removes those that have lost their last one to the new image. */
async function removeNameless(task: Task, before: readonly StoredImage[], target: PublishTarget): Promise<string[]> {
  const named = new Set(before.filter(({ aliases }) => aliases.length > 0).map(({ fingerprint }) => fingerprint));
  const warnings: string[] = [];
  for (const { fingerprint, aliases } of await target.images.list()) {
    if (aliases.length > 0 || !named.has(fingerprint)) continue;
    try {
      await target.images.delete(task, fingerprint);
      await target.discard(task, fingerprint);
    } catch (error) {
      warnings.push(`Image ${fingerprint.slice(0, 12)} lost its names and stays: ${Fault.from(error).message}`);
    }
  }
  return warnings;
}

/** What the instance knows of its own image, with the properties that were given. */
function metadataOf({ kept }: Snapshot, given: Readonly<Record<string, string>>): Omit<ImageMetadata, 'templates'> {
  const prefix = 'image.';
  const own = Object.entries(kept.config).filter(([key]) => key.startsWith(prefix));
  const properties = { ...Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])), ...given };
  return {
    architecture: kept.architecture,
    creationDate: Math.floor(Date.now() / 1000),
    properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== '')),
  };
}
