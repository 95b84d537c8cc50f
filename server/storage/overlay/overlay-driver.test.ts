import { silentLog } from '../../base/log.ts';
import { MountsInMemory } from '../../host/mounts-in-memory.ts';
import { type PoolUnderTest, storageConformance } from '../conformance.ts';
import { storageFailureConformance } from '../conformance-failures.ts';
import { PoolDirectoryInMemory } from '../pool-directory-in-memory.ts';
import { OverlayDriver } from './overlay-driver.ts';

/** Fake effects that outlive the drivers; which driver's `effect` is asked changes with each driver. */
async function poolInMemory(): Promise<PoolUnderTest> {
  let effect: (what: string) => void = () => {};
  const root = '/pool';
  const pool = new PoolDirectoryInMemory(root, (what) => effect(what));
  const mounts = new MountsInMemory((what) => effect(what));
  let locked = false;
  const lock = () => {
    if (locked) return undefined;
    locked = true;
    const release = () => {
      locked = false;
    };
    return { [Symbol.dispose]: release };
  };
  const namespaces = { open: async () => ({ fd: 3, [Symbol.dispose]() {} }) };
  return {
    newDriver: (onEffect = () => {}) => {
      const driver = new OverlayDriver({
        ...{ name: 'default', pool, mounts, namespaces, log: silentLog, lock, probe: async () => {} },
      });
      effect = onEffect;
      return { driver, settled: () => driver.settled() };
    },
    fill: async () => {},
    residue: async () => {
      const volumes = ['images', 'layers', 'instances', 'snapshots', 'staging', 'trash'];
      const names = await Promise.all(
        volumes.map(async (name) => (await pool.list([name])).map((each) => `${name}/${each}`)),
      );
      const mounted = await mounts.below(root);
      return [...names.flat(), ...mounted.map((point) => `mount ${point.slice(root.length + 1)}`)];
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

storageConformance('overlay, in memory', poolInMemory);
storageFailureConformance('overlay, in memory', poolInMemory);
