import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Fault, type FaultCode } from '../base/fault.ts';
import type { IdMap } from '../base/id-map.ts';
import { silentLog } from '../base/log.ts';
import { ownTask } from '../base/task.ts';
import type { StorageDriver } from './contract.ts';

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
export const nothingKnown = { images: new Set<string>(), instances: new Set<string>(), running: new Set<string>() };

export function isFault(code: FaultCode): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.code === code;
}

/** What every storage driver promises, whatever it is made on. */
export function storageConformance(name: string, newPool: () => Promise<PoolUnderTest>): void {
  describe(`storage driver ${name}`, () => {
    let pool: PoolUnderTest;
    let current: DriverUnderTest;
    let driver: StorageDriver;

    before(async () => {
      pool = await newPool();
    });
    after(async () => {
      await driver.close();
      await pool[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      await current?.driver.close();
      await restart();
    });

    async function restart(): Promise<void> {
      current = pool.newDriver();
      driver = current.driver;
      await driver.open(task);
    }

    async function remove(...ids: string[]): Promise<void> {
      for (const id of ids) await driver.unmountInstance(id);
      for (const id of ids) await driver.deleteInstance(task, id);
      await driver.deleteImage(task, fingerprint);
      await current.settled();
      assert.deepEqual(await pool.residue(), []);
    }

    it('unpacks an image once, also when two ask for it at the same time', async () => {
      let fills = 0;
      const fill = async (directory: string) => {
        fills += 1;
        await pool.fill(directory);
      };
      assert.equal(await driver.hasImage(fingerprint), false);
      await Promise.all([1, 2].map(() => driver.createImage(task, fingerprint, fill)));
      await driver.createImage(task, fingerprint, fill);
      assert.equal(fills, 1);
      assert.equal(await driver.hasImage(fingerprint), true);
      await driver.deleteImage(task, fingerprint);
      await driver.deleteImage(task, fingerprint);
      assert.equal(await driver.hasImage(fingerprint), false);
      await remove();
    });

    it('leaves nothing of an image whose unpacking fails or is canceled, and the next one who asks unpacks it', async () => {
      const failing = driver.createImage(task, fingerprint, async (directory) => {
        await pool.fill(directory);
        throw new Fault('invalid', 'the image is damaged');
      });
      const waiting = driver.createImage(task, fingerprint, pool.fill);
      await assert.rejects(failing, isFault('invalid'));
      await waiting;
      const controller = new AbortController();
      const canceled = driver.createImage(
        { ...task, signal: controller.signal },
        otherFingerprint,
        async (directory) => {
          await pool.fill(directory);
          controller.abort();
        },
      );
      await assert.rejects(canceled, isFault('canceled'));
      assert.equal(await driver.hasImage(otherFingerprint), false);
      await remove();
    });

    it('brings a root from creation to deletion, each step as often as one likes', async () => {
      const id = randomUUID();
      await driver.createImage(task, fingerprint, pool.fill);
      await driver.createInstance(task, id, fingerprint, idMap);
      const first = await driver.mountInstance(task, id, idMap);
      assert.deepEqual(await driver.mountInstance(task, id, idMap), first);
      await driver.unmountInstance(id);
      await driver.unmountInstance(id);
      assert.deepEqual(await driver.mountInstance(task, id, idMap), first);
      assert.ok((await driver.instanceUsage(id)).usedBytes >= 0);
      await driver.unmountInstance(id);
      await driver.deleteInstance(task, id);
      await driver.deleteInstance(task, id);
      await remove(id);
    });

    it('mounts a root with other ids than before, and back', async () => {
      const id = randomUUID();
      await driver.createImage(task, fingerprint, pool.fill);
      await driver.createInstance(task, id, fingerprint, idMap);
      for (const map of [otherIdMap, idMap]) {
        await driver.mountInstance(task, id, map);
        await driver.unmountInstance(id);
      }
      await driver.mountInstance(task, id, otherIdMap);
      await driver.mountInstance(task, id, idMap);
      await remove(id);
    });

    it('says already-exists, not-found and in-use', async () => {
      const id = randomUUID();
      await assert.rejects(driver.createInstance(task, id, fingerprint, idMap), isFault('not-found'));
      await driver.createImage(task, fingerprint, pool.fill);
      await driver.createInstance(task, id, fingerprint, idMap);
      await assert.rejects(driver.createInstance(task, id, fingerprint, idMap), isFault('already-exists'));
      await assert.rejects(driver.mountInstance(task, randomUUID(), idMap), isFault('not-found'));
      await assert.rejects(driver.instanceUsage(randomUUID()), isFault('not-found'));
      await assert.rejects(driver.deleteImage(task, fingerprint), isFault('in-use'));
      await driver.mountInstance(task, id, idMap);
      await assert.rejects(driver.deleteInstance(task, id), isFault('in-use'));
      await driver.unmountInstance(randomUUID());
      await driver.deleteInstance(task, randomUUID());
      await remove(id);
    });

    it('refuses ids that are none, whatever is asked', async () => {
      for (const bad of ['', '.', '..', '../images', '/etc', 'a/b', 'A'.repeat(64), `${fingerprint}/..`, '\0', 'x\n']) {
        const calls: (() => Promise<unknown>)[] = [
          () => driver.createImage(task, bad, pool.fill),
          () => driver.deleteImage(task, bad),
          () => driver.createInstance(task, bad, fingerprint, idMap),
          () => driver.createInstance(task, randomUUID(), bad, idMap),
          () => driver.deleteInstance(task, bad),
          () => driver.mountInstance(task, bad, idMap),
          () => driver.unmountInstance(bad),
        ];
        for (const call of calls) await assert.rejects(call(), isFault('invalid'), `${call} ${JSON.stringify(bad)}`);
        await assert.rejects(driver.instanceUsage(bad));
        assert.equal(await driver.hasImage(bad), false);
      }
      assert.deepEqual(await pool.residue(), []);
    });

    it('makes roots side by side, and one of two with the same id', async () => {
      const ids = Array.from({ length: 8 }, () => randomUUID());
      await driver.createImage(task, fingerprint, pool.fill);
      const results = await Promise.allSettled(
        [...ids, ids[0] ?? ''].map((id) => driver.createInstance(task, id, fingerprint, idMap)),
      );
      assert.deepEqual(
        results.flatMap((result) => (result.status === 'rejected' ? [isFault('already-exists')(result.reason)] : [])),
        [true],
      );
      const paths = await Promise.all(ids.map((id) => driver.mountInstance(task, id, idMap)));
      assert.equal(new Set(paths.map(({ path }) => path)).size, ids.length);
      await remove(...ids);
    });

    it('keeps the mounts of running instances over a restart, and removes those of others', async () => {
      const [running, stopped, unknown] = [randomUUID(), randomUUID(), randomUUID()];
      await driver.createImage(task, fingerprint, pool.fill);
      for (const id of [running, stopped, unknown]) {
        await driver.createInstance(task, id, fingerprint, idMap);
        await driver.mountInstance(task, id, idMap);
      }
      await driver.close();
      await restart();
      const known = {
        images: new Set([fingerprint]),
        instances: new Set([running, stopped]),
        running: new Set([running]),
      };
      await driver.repair(task, known);
      await driver.repair(task, known);
      const mounts = (await pool.residue()).filter((line) => line.startsWith('mount '));
      assert.deepEqual(mounts, [`mount instances/${running}/root`]);
      await remove(running, stopped, unknown);
    });

    it('removes images that nobody knows or needs, and keeps a root that nobody knows', async () => {
      const id = randomUUID();
      await driver.createImage(task, fingerprint, pool.fill);
      await driver.createImage(task, otherFingerprint, pool.fill);
      await driver.createInstance(task, id, fingerprint, idMap);
      await driver.repair(task, nothingKnown);
      assert.equal(await driver.hasImage(otherFingerprint), false);
      await driver.mountInstance(task, id, idMap);
      await remove(id);
    });

    it('is for one server at a time', async () => {
      const second = pool.newDriver();
      await assert.rejects(second.driver.open(task), isFault('in-use'));
      await driver.close();
      await second.driver.open(task);
      await second.driver.close();
    });

    it('tells how full the pool is', async () => {
      const { usedBytes, totalBytes = 0 } = await driver.poolUsage();
      assert.ok(usedBytes >= 0 && totalBytes > usedBytes);
    });
  });
}
