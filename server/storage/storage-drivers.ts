import { lockFile } from '../../native/file-lock.ts';
import type { ConfigKey } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Mounts } from '../host/mounts.ts';
import type { Run } from '../host/run.ts';
import type { UserNamespaces } from '../host/user-namespaces.ts';
import type { StorageDriver } from './contract.ts';
import { OverlayDriver } from './overlay/overlay-driver.ts';
import { probeFileSystem } from './overlay/probe.ts';
import { checkPool, poolKeys, type StoragePool } from './pool.ts';
import { HostPoolDirectory } from './pool-directory.ts';

/** What drivers need of the host. */
export interface StorageHost {
  readonly run: Run;
  readonly mounts: Mounts;
  readonly namespaces: Pick<UserNamespaces, 'open'>;
  readonly log: Log;
}

interface StorageDriverEntry {
  readonly doc: string;
  readonly keys: readonly ConfigKey[];
  readonly make: (pool: StoragePool, host: StorageHost) => StorageDriver;
}

/** Every storage driver. */
export const storageDrivers: Readonly<Record<string, StorageDriverEntry>> = {
  overlay: {
    doc: 'A directory on ext4, xfs or btrfs: images are unpacked once, instances are layers on them.',
    keys: poolKeys,
    make: (pool, host) => {
      const directory = new HostPoolDirectory(pool.config['source'] ?? '', host.run);
      const { mounts, namespaces, log } = host;
      const probe = () => probeFileSystem({ pool: directory, mounts, namespaces });
      return new OverlayDriver({ name: pool.name, pool: directory, mounts, namespaces, log, lock: lockFile, probe });
    },
  },
};

/** The driver of a recorded pool, not yet opened. Fault `invalid` for a driver or key that there is not. */
export function makeStorageDriver(pool: StoragePool, host: StorageHost): StorageDriver {
  const entry = Object.hasOwn(storageDrivers, pool.driver) ? storageDrivers[pool.driver] : undefined;
  if (entry === undefined) {
    const known = Object.keys(storageDrivers).join(', ');
    throw new Fault('invalid', `Unknown storage driver ${JSON.stringify(pool.driver.slice(0, 80))}: there is ${known}`);
  }
  checkPool(pool, entry.keys);
  if (pool.config['source'] === undefined) throw new Fault('invalid', `Storage pool "${pool.name}" has no source`);
  return entry.make(pool, host);
}
