import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Fault, type FaultCode } from '../base/fault.ts';
import type { IdMap } from '../base/id-map.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { KnownVolumes, StorageDriver } from './contract.ts';

/** A driver as a new server makes it. `settled` waits for its work in the background. */
export interface DriverUnderTest {
  readonly driver: StorageDriver;
  settled(): Promise<void>;
}

/** One pool that drivers of several servers, one after the other, are tried on. */
export interface PoolUnderTest extends AsyncDisposable {
  /** A driver that is not open. `effect` is called before each change of the pool or its mounts, and may throw in its place. */
  newDriver(effect?: (what: string) => void): DriverUnderTest;
  /** What is in the pool and what is mounted in it, as readable lines; nothing for an empty pool. */
  residue(): Promise<string[]>;
  /** Puts content into the directory of an image. */
  readonly fill: (directory: string) => Promise<void>;
}

export const task = ownTask(silentLog);
export const fingerprint = 'ab'.repeat(32);
export const otherFingerprint = 'cd'.repeat(32);
export const idMap: IdMap = { hostBase: 2_000_000, size: 65_536 };
export const otherIdMap: IdMap = { hostBase: 3_000_000, size: 65_536 };
/** What records may say there is. */
export function knowing(known: Partial<KnownVolumes> = {}): KnownVolumes {
  return { images: new Set(), instances: new Set(), snapshots: new Set(), ...known };
}

export function isFault(code: FaultCode): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.code === code;
}

/** What every storage driver promises, whatever it is made on. */
export function storageConformance(name: string, newPool: () => Promise<PoolUnderTest>): void {
  describe(`storage driver ${name}`, () => {
    const subject = new Subject(newPool);
    before(() => subject.begin());
    beforeEach(() => subject.restart());
    after(() => subject.end());
    imagesConform(subject);
    rootsConform(subject);
    snapshotsConform(subject);
    copiesConform(subject);
    refusalsConform(subject);
    serversConform(subject);
  });
}

/** One pool for all tests, and a new server for each. */
class Subject {
  readonly #newPool: () => Promise<PoolUnderTest>;
  #pool: PoolUnderTest | undefined;
  #server: DriverUnderTest | undefined;

  constructor(newPool: () => Promise<PoolUnderTest>) {
    this.#newPool = newPool;
  }

  get pool(): PoolUnderTest {
    assert.ok(this.#pool !== undefined);
    return this.#pool;
  }

  get driver(): StorageDriver {
    assert.ok(this.#server !== undefined);
    return this.#server.driver;
  }

  async begin(): Promise<void> {
    this.#pool = await this.#newPool();
  }

  async restart(): Promise<void> {
    await this.#server?.driver.close();
    this.#server = this.pool.newDriver();
    await this.driver.open(task);
  }

  async end(): Promise<void> {
    await this.#server?.driver.close();
    await this.#pool?.[Symbol.asyncDispose]();
  }

  /** Removes these roots and snapshots and the image: then nothing may be left. */
  async remove(...ids: string[]): Promise<void> {
    for (const id of ids) await this.driver.unmountInstance(id);
    for (const id of ids) await this.driver.deleteSnapshot(task, id);
    for (const id of ids) await this.driver.deleteInstance(task, id);
    await this.driver.deleteImage(task, fingerprint);
    await this.#server?.settled();
    assert.deepEqual(await this.pool.residue(), []);
  }
}

function imagesConform(subject: Subject): void {
  it('unpacks an image once, also when two ask for it at the same time', async () => {
    let fills = 0;
    const fill = async (directory: string) => {
      fills += 1;
      await subject.pool.fill(directory);
    };
    assert.equal(await subject.driver.hasImage(fingerprint), false);
    await Promise.all([1, 2].map(() => subject.driver.createImage(task, fingerprint, fill)));
    await subject.driver.createImage(task, fingerprint, fill);
    assert.equal(fills, 1);
    assert.equal(await subject.driver.hasImage(fingerprint), true);
    await subject.driver.deleteImage(task, fingerprint);
    await subject.driver.deleteImage(task, fingerprint);
    assert.equal(await subject.driver.hasImage(fingerprint), false);
    await subject.remove();
  });

  it('leaves nothing of an image whose unpacking fails or is canceled, and the next one who asks unpacks it', async () => {
    const failing = subject.driver.createImage(task, fingerprint, async (directory) => {
      await subject.pool.fill(directory);
      throw new Fault('invalid', 'the image is damaged');
    });
    const waiting = subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await assert.rejects(failing, isFault('invalid'));
    await waiting;
    const controller = new AbortController();
    const canceled = subject.driver.createImage(
      { ...task, signal: controller.signal },
      otherFingerprint,
      async (directory) => {
        await subject.pool.fill(directory);
        controller.abort();
      },
    );
    await assert.rejects(canceled, isFault('canceled'));
    assert.equal(await subject.driver.hasImage(otherFingerprint), false);
    await subject.remove();
  });
}

function rootsConform(subject: Subject): void {
  it('brings a root from creation to deletion, each step as often as one likes', async () => {
    const id = randomUUID();
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    const first = await subject.driver.mountInstance(task, id, idMap);
    assert.deepEqual(await subject.driver.mountInstance(task, id, idMap), first);
    await subject.driver.unmountInstance(id);
    await subject.driver.unmountInstance(id);
    assert.deepEqual(await subject.driver.mountInstance(task, id, idMap), first);
    assert.ok((await subject.driver.instanceUsage(id)).usedBytes >= 0);
    await subject.driver.unmountInstance(id);
    await subject.driver.deleteInstance(task, id);
    await subject.driver.deleteInstance(task, id);
    await subject.remove(id);
  });

  it('mounts a root with other ids than before, and back', async () => {
    const id = randomUUID();
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    for (const map of [otherIdMap, idMap]) {
      await subject.driver.mountInstance(task, id, map);
      await subject.driver.unmountInstance(id);
    }
    await subject.driver.mountInstance(task, id, otherIdMap);
    await subject.driver.mountInstance(task, id, idMap);
    await subject.remove(id);
  });

  it('makes roots side by side, and one of two with the same id', async () => {
    const ids = Array.from({ length: 8 }, () => randomUUID());
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    const results = await Promise.allSettled(
      [...ids, ids[0] ?? ''].map((id) => subject.driver.createInstance(task, id, fingerprint, idMap)),
    );
    assert.deepEqual(
      results.flatMap((result) => (result.status === 'rejected' ? [isFault('already-exists')(result.reason)] : [])),
      [true],
    );
    const paths = await Promise.all(ids.map((id) => subject.driver.mountInstance(task, id, idMap)));
    assert.equal(new Set(paths.map(({ path }) => path)).size, ids.length);
    await subject.remove(...ids);
  });
}

function refusalsConform(subject: Subject): void {
  it('says already-exists, not-found and in-use', async () => {
    const id = randomUUID();
    await assert.rejects(subject.driver.createInstance(task, id, fingerprint, idMap), isFault('not-found'));
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    await assert.rejects(subject.driver.createInstance(task, id, fingerprint, idMap), isFault('already-exists'));
    await assert.rejects(subject.driver.mountInstance(task, randomUUID(), idMap), isFault('not-found'));
    await assert.rejects(subject.driver.instanceUsage(randomUUID()), isFault('not-found'));
    await assert.rejects(subject.driver.deleteImage(task, fingerprint), isFault('in-use'));
    await subject.driver.mountInstance(task, id, idMap);
    await assert.rejects(subject.driver.deleteInstance(task, id), isFault('in-use'));
    await subject.driver.unmountInstance(randomUUID());
    await subject.driver.deleteInstance(task, randomUUID());
    await subject.remove(id);
  });

  it('refuses ids that are none, whatever is asked', async () => {
    for (const bad of ['', '.', '..', '../images', '/etc', 'a/b', 'A'.repeat(64), `${fingerprint}/..`, '\0', 'x\n']) {
      const calls: (() => Promise<unknown>)[] = [
        () => subject.driver.createImage(task, bad, subject.pool.fill),
        () => subject.driver.deleteImage(task, bad),
        () => subject.driver.createInstance(task, bad, fingerprint, idMap),
        () => subject.driver.createInstance(task, randomUUID(), bad, idMap),
        () => subject.driver.deleteInstance(task, bad),
        () => subject.driver.mountInstance(task, bad, idMap),
        () => subject.driver.unmountInstance(bad),
        () => subject.driver.copyInstance(task, bad, { id: randomUUID() }, idMap),
        () => subject.driver.copyInstance(task, randomUUID(), { id: bad }, idMap),
        () => subject.driver.fillInstance(task, bad, idMap, subject.pool.fill),
        () => subject.driver.rebuildInstance(task, bad, fingerprint, idMap),
        () => subject.driver.createSnapshot(task, bad, { id: randomUUID() }),
        () => subject.driver.createSnapshot(task, randomUUID(), { id: bad }),
        () => subject.driver.deleteSnapshot(task, bad),
        () => subject.driver.restoreSnapshot(task, bad, randomUUID(), idMap),
        () => subject.driver.restoreSnapshot(task, randomUUID(), bad, idMap),
        () => subject.driver.readSnapshot(task, bad, async () => {}),
      ];
      for (const call of calls) await assert.rejects(call(), isFault('invalid'), `${call} ${JSON.stringify(bad)}`);
      await assert.rejects(subject.driver.instanceUsage(bad));
      assert.equal(await subject.driver.hasImage(bad), false);
    }
    assert.deepEqual(await subject.pool.residue(), []);
  });
}

function snapshotsConform(subject: Subject): void {
  it('keeps what a root was, as often as one likes, and goes back to it', async () => {
    const [id, first, second] = [randomUUID(), randomUUID(), randomUUID()];
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    await subject.driver.createSnapshot(task, first, { id });
    await subject.driver.mountInstance(task, id, idMap);
    await subject.driver.unmountInstance(id);
    await subject.driver.createSnapshot(task, second, { id });
    assert.ok((await subject.driver.instanceUsage(second)).usedBytes >= 0);
    for (const snapshot of [first, second, first]) {
      await subject.driver.restoreSnapshot(task, id, snapshot, idMap);
      await subject.driver.mountInstance(task, id, idMap);
      await subject.driver.unmountInstance(id);
    }
    await subject.driver.deleteSnapshot(task, first);
    await subject.driver.deleteSnapshot(task, first);
    await subject.driver.mountInstance(task, id, idMap);
    await subject.remove(id, second);
  });

  it('copies what is written to while nobody writes, for a snapshot of a mounted root', async () => {
    const [id, snapshot] = [randomUUID(), randomUUID()];
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    await subject.driver.mountInstance(task, id, idMap);
    const steps: string[] = [];
    await subject.driver.createSnapshot(task, snapshot, {
      id,
      frozen: async (work) => {
        steps.push('freeze');
        const result = await work();
        steps.push('thaw');
        return result;
      },
    });
    assert.deepEqual(steps, ['freeze', 'thaw']);
    await subject.remove(id, snapshot);
  });

  it('does not let the root of an idle instance grow by snapshots', async () => {
    const [id, ...snapshots] = Array.from({ length: 6 }, () => randomUUID());
    assert.ok(id !== undefined);
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    for (const snapshot of snapshots) await subject.driver.createSnapshot(task, snapshot, { id });
    const layers = (await subject.pool.residue()).filter((line) => line.startsWith('layers/'));
    assert.equal(layers.length, 2);
    await subject.remove(id, ...snapshots);
  });

  it('outlives its instance, and keeps its image', async () => {
    const [id, snapshot] = [randomUUID(), randomUUID()];
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    await subject.driver.createSnapshot(task, snapshot, { id });
    await subject.driver.deleteInstance(task, id);
    await assert.rejects(subject.driver.deleteImage(task, fingerprint), isFault('in-use'));
    await subject.driver.close();
    await subject.restart();
    await subject.driver.repair(task, knowing());
    let looked = false;
    await subject.driver.readSnapshot(task, snapshot, async (directory) => {
      assert.match(directory, /^\//);
      looked = true;
    });
    assert.ok(looked);
    await subject.remove(snapshot);
  });

  it('says already-exists, not-found and in-use of snapshots', async () => {
    const [id, snapshot, nothing] = [randomUUID(), randomUUID(), randomUUID()];
    const { driver } = subject;
    await driver.createImage(task, fingerprint, subject.pool.fill);
    await driver.createInstance(task, id, fingerprint, idMap);
    await assert.rejects(driver.createSnapshot(task, snapshot, { id: nothing }), isFault('not-found'));
    await driver.createSnapshot(task, snapshot, { id });
    await assert.rejects(driver.createSnapshot(task, snapshot, { id }), isFault('already-exists'));
    await assert.rejects(driver.createSnapshot(task, id, { id: snapshot }), isFault('already-exists'));
    await assert.rejects(driver.restoreSnapshot(task, id, nothing, idMap), isFault('not-found'));
    await assert.rejects(driver.restoreSnapshot(task, nothing, snapshot, idMap), isFault('not-found'));
    await assert.rejects(
      driver.readSnapshot(task, nothing, async () => {}),
      isFault('not-found'),
    );
    await driver.mountInstance(task, id, idMap);
    await assert.rejects(driver.restoreSnapshot(task, id, snapshot, idMap), isFault('in-use'));
    await assert.rejects(driver.rebuildInstance(task, id, fingerprint, idMap), isFault('in-use'));
    await subject.remove(id, snapshot);
  });
}

function copiesConform(subject: Subject): void {
  it('makes roots like others, with other ids, which outlive what they were copied from', async () => {
    const [id, snapshot, first, second] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    await subject.driver.createSnapshot(task, snapshot, { id });
    await Promise.all([
      subject.driver.copyInstance(task, first, { id }, otherIdMap),
      subject.driver.copyInstance(task, second, { id: snapshot }, otherIdMap),
    ]);
    await assert.rejects(
      subject.driver.copyInstance(task, first, { id: snapshot }, otherIdMap),
      isFault('already-exists'),
    );
    await assert.rejects(
      subject.driver.copyInstance(task, randomUUID(), { id: randomUUID() }, idMap),
      isFault('not-found'),
    );
    await subject.driver.deleteInstance(task, id);
    await subject.driver.deleteSnapshot(task, snapshot);
    for (const copy of [first, second]) await subject.driver.mountInstance(task, copy, otherIdMap);
    await subject.remove(first, second);
  });

  it('makes a root that stands on no image, all or nothing', async () => {
    const id = randomUUID();
    const failing = subject.driver.fillInstance(task, id, idMap, async () => {
      throw new Fault('invalid', 'the backup is damaged');
    });
    await assert.rejects(failing, isFault('invalid'));
    await subject.driver.fillInstance(task, id, idMap, subject.pool.fill);
    await subject.driver.close();
    await subject.restart();
    await subject.driver.mountInstance(task, id, otherIdMap);
    await subject.remove(id);
  });

  it('gives a root another image, and keeps its snapshots', async () => {
    const [id, snapshot] = [randomUUID(), randomUUID()];
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    await subject.driver.createSnapshot(task, snapshot, { id });
    await assert.rejects(subject.driver.rebuildInstance(task, id, otherFingerprint, idMap), isFault('not-found'));
    await subject.driver.createImage(task, otherFingerprint, subject.pool.fill);
    await subject.driver.rebuildInstance(task, id, otherFingerprint, idMap);
    await assert.rejects(subject.driver.deleteImage(task, otherFingerprint), isFault('in-use'));
    await subject.driver.restoreSnapshot(task, id, snapshot, idMap);
    await subject.driver.deleteImage(task, otherFingerprint);
    await subject.driver.mountInstance(task, id, idMap);
    await subject.remove(id, snapshot);
  });
}

function serversConform(subject: Subject): void {
  it('removes the mounts that an earlier server left: who runs has his own', async () => {
    const [some, unknown] = [randomUUID(), randomUUID()];
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    for (const id of [some, unknown]) {
      await subject.driver.createInstance(task, id, fingerprint, idMap);
      await subject.driver.mountInstance(task, id, idMap);
    }
    await subject.driver.close();
    await subject.restart();
    const known = knowing({ images: new Set([fingerprint]), instances: new Set([some]) });
    await subject.driver.repair(task, known);
    await subject.driver.repair(task, known);
    const mounts = (await subject.pool.residue()).filter((line) => line.startsWith('mount '));
    assert.deepEqual(mounts, []);
    await subject.remove(some, unknown);
  });

  it('removes images that nobody knows or needs, and keeps a root that nobody knows', async () => {
    const id = randomUUID();
    await subject.driver.createImage(task, fingerprint, subject.pool.fill);
    await subject.driver.createImage(task, otherFingerprint, subject.pool.fill);
    await subject.driver.createInstance(task, id, fingerprint, idMap);
    await subject.driver.repair(task, knowing());
    assert.equal(await subject.driver.hasImage(otherFingerprint), false);
    await subject.driver.mountInstance(task, id, idMap);
    await subject.remove(id);
  });

  it('is for one server at a time', async () => {
    const second = subject.pool.newDriver();
    await assert.rejects(second.driver.open(task), isFault('in-use'));
    await subject.driver.close();
    await second.driver.open(task);
    await second.driver.close();
  });

  it('tells how full the pool is', async () => {
    const { usedBytes, totalBytes = 0 } = await subject.driver.poolUsage();
    assert.ok(usedBytes >= 0 && totalBytes > usedBytes);
  });
}
