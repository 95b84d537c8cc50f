import { Fault } from '../../base/fault.ts';
import { Revert } from '../../base/revert.ts';
import { Serial } from '../../base/serial.ts';
import type { Task } from '../../base/task.ts';
import type { Attributes, PoolDirectory } from '../pool-directory.ts';
import { attributesOf, isFingerprint, places } from './layout.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import type { Volume } from './volume.ts';
import type { Volumes } from './volumes.ts';

export interface ImageVolumesDeps {
  readonly pool: PoolDirectory;
  readonly volumes: Volumes;
  readonly staging: Staging;
  readonly trash: Trash;
}

/** Unpacked images: lower layers that many roots share and nobody writes to. */
export class ImageVolumes {
  readonly #deps: ImageVolumesDeps;
  readonly #serial = new Serial();

  constructor(deps: ImageVolumesDeps) {
    this.#deps = deps;
  }

  async create(task: Task, fingerprint: string, fill: (directory: string) => Promise<void>): Promise<void> {
    const { pool, staging, trash } = this.#deps;
    const place = places.image(fingerprint);
    await this.#serial.run(fingerprint, async () => {
      if (await this.has(fingerprint)) return;
      await using staged = staging.begin();
      const root = [...staged.place, 'rootfs'];
      await pool.makeDirectory(staged.place, attributesOf.private);
      await pool.makeDirectory(root, { mode: 0o755, uid: 0, gid: 0 });
      await this.#fill(pool.path(root), fill);
      task.signal.throwIfAborted();
      if ((await pool.attributes(root)) === undefined) throw new Fault('invalid', 'Its root is not a directory');
      // Once it has its name an image counts as whole, also after a power failure.
      await pool.syncAll();
      await using revert = new Revert(task.log);
      await staged.moveTo(place);
      revert.push('remove the image', () => trash.throwAway(place));
      await pool.sync([places.images]);
      revert.commit();
    });
  }

  async delete(fingerprint: string): Promise<void> {
    const { volumes, trash } = this.#deps;
    const place = places.image(fingerprint);
    await this.#serial.run(fingerprint, async () => {
      if (volumes.usesImage(fingerprint)) throw new Fault('in-use', 'Roots of instances or snapshots stand on it');
      await trash.throwAway(place);
    });
  }

  async has(fingerprint: string): Promise<boolean> {
    if (!isFingerprint(fingerprint)) return false;
    return (await this.#deps.pool.attributes(places.imageRoot(fingerprint))) !== undefined;
  }

  /**
   * Notes that a volume stands on an image, which can no longer be deleted then; returns the attributes of the image's
   * root. Fault `not-found`.
   */
  async claim(id: string, fingerprint: string, layers: Volume['layers']): Promise<Attributes> {
    const place = places.imageRoot(fingerprint);
    return await this.#serial.run(fingerprint, async () => {
      const attributes = await this.#deps.pool.attributes(place);
      if (attributes === undefined) throw new Fault('not-found', `Image ${fingerprint.slice(0, 12)} is not unpacked`);
      this.#deps.volumes.set(id, { image: fingerprint, layers });
      return attributes;
    });
  }

  /** Programs that unpack say little about a full disk: look before what they wrote is removed again. */
  async #fill(directory: string, fill: (directory: string) => Promise<void>): Promise<void> {
    try {
      await fill(directory);
    } catch (error) {
      const { freeBytes, freeFiles } = await this.#deps.pool.space();
      if (freeBytes >= leastFreeBytes && freeFiles >= leastFreeFiles) throw error;
      throw new Fault('exhausted', 'No space left', { cause: error });
    }
  }
}

/** With less than this a failure is put down to the disk being full. */
const leastFreeBytes = 256 * 1024;
const leastFreeFiles = 1;
