import { errnoOf, Fault } from '../../base/fault.ts';
import { type IdMap, rangesOf } from '../../base/id-map.ts';
import type { Log } from '../../base/log.ts';
import { Serial } from '../../base/serial.ts';
import type { Task } from '../../base/task.ts';
import type { Mounts } from '../../host/mounts.ts';
import type { UserNamespaces } from '../../host/user-namespaces.ts';
import type { KnownVolumes, MountedRoot, Source, StorageDriver, Usage } from '../contract.ts';
import type { PoolDirectory } from '../pool-directory.ts';
import { ImageVolumes } from './image-volumes.ts';
import { InstanceVolumes } from './instance-volumes.ts';
import { Layers } from './layers.ts';
import { places } from './layout.ts';
import { preparePool } from './prepare-pool.ts';
import { repairPool } from './repair.ts';
import { isForeignUpper, Roots } from './roots.ts';
import { SharedStacks } from './shared-stacks.ts';
import { SnapshotVolumes } from './snapshot-volumes.ts';
import { Staging } from './staging.ts';
import { Trash } from './trash.ts';
import { maxDepth, sameIds, topLayer } from './volume.ts';
import { Volumes } from './volumes.ts';

export interface OverlayDriverDeps {
  /** The pool's name, for messages. */
  readonly name: string;
  readonly pool: PoolDirectory;
  readonly mounts: Mounts;
  readonly namespaces: Pick<UserNamespaces, 'open'>;
  readonly log: Log;
  /** Takes a lock file for this server alone. Undefined: another one has it. */
  readonly lock: (path: string) => Disposable | undefined;
  /** Fault `unsupported` when the file system of the pool cannot carry roots. */
  readonly probe: () => Promise<void>;
}

/** A walk through the files of one root. */
const usageTimeoutMs = 60_000;

/**
 * Roots as overlays: an image is unpacked once, and every instance has a layer of its own on it. Works on each file
 * system that can be the upper of an overlay and show other ids, such as ext4, xfs and btrfs.
 */
export class OverlayDriver implements StorageDriver {
  readonly name = 'overlay';
  readonly #deps: OverlayDriverDeps;
  readonly #volumes: Volumes;
  readonly #staging: Staging;
  readonly #trash: Trash;
  readonly #images: ImageVolumes;
  readonly #layers: Layers;
  readonly #instances: InstanceVolumes;
  readonly #snapshots: SnapshotVolumes;
  readonly #stacks: SharedStacks;
  readonly #roots: Roots;
  readonly #serial = new Serial();
  #lock: Disposable | undefined;

  constructor(deps: OverlayDriverDeps) {
    const { pool, log, mounts, namespaces } = deps;
    this.#deps = deps;
    const volumes = new Volumes(pool);
    const staging = new Staging(pool, log);
    const trash = new Trash(pool, log);
    const images = new ImageVolumes({ pool, volumes, staging, trash });
    this.#volumes = volumes;
    this.#staging = staging;
    this.#trash = trash;
    this.#images = images;
    const layers = new Layers({ pool, volumes, trash });
    const instances = new InstanceVolumes({ pool, volumes, images, layers, staging, trash });
    const roots = new Roots({ label: 'yurt', pool, mounts, namespaces });
    const stacks = new SharedStacks({ pool, volumes, layers, instances, roots, staging });
    this.#layers = layers;
    this.#instances = instances;
    this.#roots = roots;
    this.#stacks = stacks;
    this.#snapshots = new SnapshotVolumes({ pool, volumes, layers, stacks, staging, trash });
  }

  async open(task: Task): Promise<void> {
    const { pool, lock, probe } = this.#deps;
    await this.#during('Cannot open the pool', async () => {
      this.#lock ??= await preparePool({ pool, lock, probe, log: task.log });
      await this.#volumes.load(task);
    });
  }

  async close(): Promise<void> {
    await this.#trash[Symbol.asyncDispose]();
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
  }

  /** Resolves when nothing happens in the background: no files of deleted volumes left, unmounted roots written out. */
  async settled(): Promise<void> {
    await this.#trash.settled();
    await this.#roots.settled();
  }

  async repair(task: Task, known: KnownVolumes): Promise<void> {
    const { pool, mounts } = this.#deps;
    const deps = { pool, mounts, volumes: this.#volumes, staging: this.#staging, trash: this.#trash };
    await this.#during('Cannot repair the pool', () => repairPool(task, known, deps));
  }

  async createImage(task: Task, fingerprint: string, fill: (directory: string) => Promise<void>): Promise<void> {
    const action = `Cannot unpack image ${fingerprint.slice(0, 12)}`;
    await this.#during(action, () => this.#images.create(task, fingerprint, fill));
  }

  async deleteImage(_task: Task, fingerprint: string): Promise<void> {
    const action = `Cannot remove the unpacked image ${fingerprint.slice(0, 12)}`;
    await this.#during(action, () => this.#images.delete(fingerprint));
  }

  async hasImage(fingerprint: string): Promise<boolean> {
    return await this.#images.has(fingerprint);
  }

  async createInstance(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void> {
    this.#expectMount(idMap);
    await this.#alone(id, 'Cannot create the root', () => this.#instances.create(task, id, fingerprint, idMap));
  }

  async copyInstance(task: Task, id: string, source: Source, idMap: IdMap): Promise<void> {
    this.#expectMount(idMap);
    await this.#both(source.id, id, 'Cannot copy the root', async () => {
      const passed = this.#volumes.layersOf(source.id);
      await this.#instances.createOn(task, id, idMap, async (revert) => {
        const stack = await this.#stacks.of(task, revert, source);
        passed.push(...stack.layers.map((layer) => layer.id));
        return stack.layers.length < maxDepth ? stack : await this.#stacks.flatten(task, revert, stack, idMap);
      });
      await this.#layers.sweep(task, passed); // as for a snapshot
    });
  }

  async fillInstance(task: Task, id: string, idMap: IdMap, fill: (directory: string) => Promise<void>): Promise<void> {
    const { pool } = this.#deps;
    await this.#alone(id, 'Cannot fill the root', () =>
      this.#instances.createOn(task, id, idMap, async (revert) => {
        // Stored with the ids that the content has, and mapped when it is mounted: as an image.
        const layer = await this.#layers.fill(revert, { hostBase: 0, size: idMap.size }, async (made) => {
          await pool.makeDirectory(places.diff(made.id), { mode: 0o755, uid: 0, gid: 0 });
          await fill(pool.path(places.diff(made.id)));
        });
        await pool.syncAll();
        return { layers: [layer] };
      }),
    );
  }

  async rebuildInstance(task: Task, id: string, fingerprint: string, idMap: IdMap): Promise<void> {
    await this.#alone(id, 'Cannot rebuild the root', async () => {
      await this.#mustBeUnmounted(id);
      await this.#instances.rebuild(task, id, fingerprint, idMap);
    });
  }

  async createSnapshot(task: Task, id: string, source: Source): Promise<void> {
    await this.#both(source.id, id, 'Cannot take the snapshot', () => this.#snapshots.create(task, id, source));
  }

  async deleteSnapshot(task: Task, id: string): Promise<void> {
    await this.#alone(id, 'Cannot remove the snapshot', () => this.#snapshots.delete(task, id));
  }

  async restoreSnapshot(task: Task, instance: string, snapshot: string, idMap: IdMap): Promise<void> {
    await this.#both(snapshot, instance, 'Cannot restore the root', async () => {
      await this.#mustBeUnmounted(instance);
      await this.#instances.restore(task, instance, this.#volumes.snapshot(snapshot), idMap);
    });
  }

  async readSnapshot<Result>(task: Task, id: string, use: (directory: string) => Promise<Result>): Promise<Result> {
    return await this.#alone(id, 'Cannot read the snapshot', async () => {
      const volume = this.#volumes.snapshot(id);
      const asInside: IdMap = { hostBase: 0, size: topLayer(volume).idMap.size };
      return await this.#stacks.look(task, volume, asInside, (root) => use(this.#deps.pool.path(root)));
    });
  }

  async deleteInstance(task: Task, id: string): Promise<void> {
    await this.#alone(id, 'Cannot remove the root', async () => {
      await this.#mustBeUnmounted(id);
      await this.#instances.delete(task, id);
    });
  }

  async mountInstance(task: Task, id: string, idMap: IdMap): Promise<MountedRoot> {
    await this.#alone(id, 'Cannot mount the root', async () => {
      const volume = this.#volumes.get(id);
      const asBefore = sameIds(topLayer(volume).idMap, idMap);
      if (await this.#roots.isMounted(id)) {
        if (asBefore) return;
        await this.#roots.unmount(id);
      }
      const current = asBefore ? volume : await this.#instances.addLayer(task, id, idMap);
      await this.#instances.admit(id, idMap);
      try {
        await this.#roots.mount(task, id, current);
      } catch (error) {
        if (!isForeignUpper(error)) throw error;
        // The pool was moved or restored by copying its files: an upper knows its lower layers by their inodes. As a
        // lower layer it serves on.
        task.log.warn({ instance: id }, 'the pool was copied: the root goes on with a new layer');
        await this.#roots.mount(task, id, await this.#instances.addLayer(task, id, idMap));
      }
    });
    return { path: this.#roots.path(id) };
  }

  async unmountInstance(id: string): Promise<void> {
    await this.#alone(id, 'Cannot unmount the root', () => this.#roots.unmount(id));
  }

  async instanceUsage(id: string): Promise<Usage> {
    const signal = AbortSignal.timeout(usageTimeoutMs);
    const usedBytes = await this.#during('Cannot measure the root', () => this.#instances.usage(id, signal));
    return { usedBytes };
  }

  async poolUsage(): Promise<Usage> {
    const { usedBytes, totalBytes } = await this.#deps.pool.space();
    return { usedBytes, totalBytes };
  }

  /** The namespace that the first mount will need takes longer to make than all the rest. */
  #expectMount(idMap: IdMap): void {
    if (idMap.hostBase === 0) return;
    this.#deps.namespaces
      .open(rangesOf(idMap))
      .then((namespace) => namespace[Symbol.dispose]())
      .catch(() => {}); // the mount will fail for the same reason, and say so
  }

  async #mustBeUnmounted(id: string): Promise<void> {
    if (await this.#roots.isMounted(id)) throw new Fault('in-use', 'It is mounted');
  }

  /** Alone with two volumes, always taken in the same order: two actions never wait for one another. */
  async #both<Result>(one: string, other: string, action: string, work: () => Promise<Result>): Promise<Result> {
    const [first = one, second = other] = [one, other].sort();
    if (first === second) throw new Fault('invalid', `${action}: source and target are the same`);
    return await this.#alone(first, action, () => {
      places.instance(second);
      return this.#serial.run(second, work);
    });
  }

  async #alone<Result>(id: string, action: string, work: () => Promise<Result>): Promise<Result> {
    return await this.#during(action, () => {
      places.instance(id); // refuses what is no id, also where nothing exists
      return this.#serial.run(id, work);
    });
  }

  /** Puts what was tried before the message of a failure, and names the pool. */
  async #during<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const full = ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
      const cause = full ? new Fault('exhausted', 'No space left', { cause: error }) : error;
      throw Fault.during(`${action} (storage pool "${this.#deps.name}")`, cause);
    }
  }
}
