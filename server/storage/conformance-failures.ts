import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { errnoOf, Fault } from '../base/fault.ts';
import {
  type DriverUnderTest,
  fingerprint,
  idMap,
  knowing,
  otherIdMap,
  type PoolUnderTest,
  task,
} from './conformance.ts';
import type { StorageDriver } from './contract.ts';

interface Scenario {
  readonly name: string;
  readonly prepare: (driver: StorageDriver, pool: PoolUnderTest, id: string) => Promise<unknown>;
  readonly act: (driver: StorageDriver, pool: PoolUnderTest, id: string) => Promise<unknown>;
  /** Whether a failure, other than a crash, leaves the world as it was. Not for what only goes forward. */
  readonly undoes: boolean;
}

const unpack = (driver: StorageDriver, pool: PoolUnderTest) => driver.createImage(task, fingerprint, pool.fill);

async function create(driver: StorageDriver, pool: PoolUnderTest, id: string): Promise<void> {
  await unpack(driver, pool);
  await driver.createInstance(task, id, fingerprint, idMap);
}

/** Other volumes of a scenario, each with an id of its own. */
const snapshotOf = (id: string) => `aaaaaaaa${id.slice(8)}`;
const copyOf = (id: string) => `bbbbbbbb${id.slice(8)}`;
const inUse = (id: string) => ({ id, frozen: <Result>(work: () => Promise<Result>) => work() });

async function keep(driver: StorageDriver, pool: PoolUnderTest, id: string): Promise<void> {
  await create(driver, pool, id);
  await driver.createSnapshot(task, snapshotOf(id), { id });
  await driver.mountInstance(task, id, idMap);
  await driver.unmountInstance(id);
}

const later: readonly Scenario[] = [
  {
    name: 'taking a snapshot',
    prepare: create,
    act: (driver, _pool, id) => driver.createSnapshot(task, snapshotOf(id), { id }),
    undoes: true,
  },
  {
    name: 'taking a snapshot of a root in use',
    prepare: async (driver, pool, id) => {
      await create(driver, pool, id);
      await driver.mountInstance(task, id, idMap);
    },
    act: (driver, _pool, id) => driver.createSnapshot(task, snapshotOf(id), inUse(id)),
    undoes: true,
  },
  {
    name: 'restoring a root',
    prepare: keep,
    act: (driver, _pool, id) => driver.restoreSnapshot(task, id, snapshotOf(id), idMap),
    undoes: true,
  },
  {
    name: 'removing a snapshot',
    prepare: keep,
    act: (driver, _pool, id) => driver.deleteSnapshot(task, snapshotOf(id)),
    undoes: true,
  },
  {
    name: 'reading a snapshot',
    prepare: keep,
    act: (driver, _pool, id) => driver.readSnapshot(task, snapshotOf(id), async () => {}),
    undoes: true,
  },
  {
    name: 'copying a root',
    prepare: create,
    act: (driver, _pool, id) => driver.copyInstance(task, copyOf(id), { id }, otherIdMap),
    undoes: true,
  },
  {
    name: 'copying a root in use',
    prepare: create,
    act: (driver, _pool, id) => driver.copyInstance(task, copyOf(id), inUse(id), otherIdMap),
    undoes: true,
  },
  {
    name: 'filling a root',
    prepare: async () => {},
    act: (driver, pool, id) => driver.fillInstance(task, id, idMap, pool.fill),
    undoes: true,
  },
  {
    name: 'rebuilding a root',
    prepare: create,
    act: (driver, _pool, id) => driver.rebuildInstance(task, id, fingerprint, idMap),
    undoes: true,
  },
];

const scenarios: readonly Scenario[] = [
  { name: 'unpacking an image', prepare: async () => {}, act: unpack, undoes: true },
  {
    name: 'removing an image',
    prepare: unpack,
    act: (driver) => driver.deleteImage(task, fingerprint),
    undoes: true,
  },
  {
    name: 'making a root',
    prepare: unpack,
    act: (driver, _pool, id) => driver.createInstance(task, id, fingerprint, idMap),
    undoes: true,
  },
  {
    name: 'mounting a root',
    prepare: create,
    act: (driver, _pool, id) => driver.mountInstance(task, id, idMap),
    undoes: true,
  },
  {
    name: 'mounting a root with other ids',
    prepare: create,
    act: (driver, _pool, id) => driver.mountInstance(task, id, otherIdMap),
    undoes: false,
  },
  {
    name: 'unmounting a root',
    prepare: async (driver, pool, id) => {
      await create(driver, pool, id);
      await driver.mountInstance(task, id, idMap);
    },
    act: (driver, _pool, id) => driver.unmountInstance(id),
    undoes: true,
  },
  {
    name: 'removing a root',
    prepare: create,
    act: (driver, _pool, id) => driver.deleteInstance(task, id),
    undoes: false,
  },
];

/** More effects than any action has. */
const maxEffects = 60;

/** What every storage driver promises when a step fails, and when the server dies at a step. */
export function storageFailureConformance(name: string, newPool: () => Promise<PoolUnderTest>): void {
  describe(`storage driver ${name}, when a step fails`, () => {
    for (const scenario of [...scenarios, ...later]) {
      it(`while ${scenario.name}: the world is as before, and the next try succeeds`, async () => {
        await eachEffect(async (failAt) => failOnce(await newPool(), scenario, failAt));
      });
    }
  });
  describe(`storage driver ${name}, when the server dies at a step`, () => {
    for (const scenario of [...scenarios, ...later]) {
      it(`while ${scenario.name}: the next server repairs it and goes on`, async () => {
        await eachEffect(async (dieAt) => dieOnce(await newPool(), scenario, dieAt));
      });
    }
  });
}

/** Runs `attempt` with 1, 2, … until it says that the action has fewer effects than that. */
async function eachEffect(attempt: (at: number) => Promise<boolean>): Promise<void> {
  for (let at = 1; await attempt(at); at += 1) assert.ok(at < maxEffects, 'an action without an end');
}

async function failOnce(pool: PoolUnderTest, scenario: Scenario, failAt: number): Promise<boolean> {
  await using _ = pool;
  const id = randomUUID();
  let countdown = 0;
  const server = pool.newDriver(() => {
    countdown -= 1;
    if (countdown === 0) throw new Fault('exhausted', 'a step failed');
  });
  await server.driver.open(task);
  await scenario.prepare(server.driver, pool, id);
  await server.settled();
  const before = await pool.residue();
  countdown = failAt;
  const failed = await fails(() => scenario.act(server.driver, pool, id));
  const reached = countdown <= 0;
  countdown = 0;
  if (failed !== undefined) assert.equal(Fault.from(failed).code, 'exhausted', String(failed));
  if (failed !== undefined && scenario.undoes) {
    await server.settled();
    assert.deepEqual(await pool.residue(), before, `effect ${failAt}`);
  }
  await finish(server, pool, scenario, id, failed !== undefined && scenario.undoes);
  return reached;
}

async function dieOnce(pool: PoolUnderTest, scenario: Scenario, dieAt: number): Promise<boolean> {
  await using _ = pool;
  const id = randomUUID();
  let countdown = Number.POSITIVE_INFINITY;
  const dying = pool.newDriver(() => {
    countdown -= 1;
    if (countdown <= 0) throw new Fault('internal', 'the server is dead'); // and so every step after it, undo too
  });
  await dying.driver.open(task);
  await scenario.prepare(dying.driver, pool, id);
  await dying.settled();
  countdown = dieAt;
  const failed = await fails(() => scenario.act(dying.driver, pool, id));
  if (failed !== undefined) assert.equal(Fault.from(failed).code, 'internal', String(failed));
  await dying.settled();
  const reached = countdown <= 0;
  countdown = 0;
  await dying.driver.close();
  const next = pool.newDriver();
  await next.driver.open(task);
  const [instances, snapshots] = [new Set([id, copyOf(id)]), new Set([snapshotOf(id)])];
  await next.driver.repair(task, knowing({ images: new Set([fingerprint]), instances, snapshots }));
  await next.settled();
  const lines = await pool.residue();
  assert.deepEqual(
    lines.filter((line) => /^(?:mount|staging|trash)\b/.test(line)),
    [],
    `died at effect ${dieAt}`,
  );
  await finish(next, pool, scenario, id, false);
  return reached;
}

/** The action to its end, then everything removed. `undone`: nothing of the first try is left. */
async function finish(
  { driver, settled }: DriverUnderTest,
  pool: PoolUnderTest,
  scenario: Scenario,
  id: string,
  undone: boolean,
): Promise<void> {
  const again = await fails(() => scenario.act(driver, pool, id));
  if (undone) assert.equal(again, undefined);
  else if (again !== undefined) assert.equal(Fault.from(again).code, 'already-exists', String(again));
  await driver.unmountInstance(id);
  await driver.deleteInstance(task, id);
  await driver.deleteInstance(task, copyOf(id));
  await driver.deleteSnapshot(task, snapshotOf(id));
  await driver.deleteImage(task, fingerprint);
  await driver.repair(task, knowing());
  await settled();
  assert.deepEqual(await pool.residue(), []);
  await driver.close();
}

async function fails(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
    return undefined;
  } catch (error) {
    assert.equal(errnoOf(error), undefined);
    return error;
  }
}
