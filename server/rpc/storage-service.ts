import type { StorageServiceHandlers } from '../../proto/gen/yurt/v1/StorageService.ts';
import type { PoolView } from '../storage/pools.ts';
import type { Identity } from './identity.ts';
import type { Handlers } from './router.ts';
import type { Sight } from './sight.ts';

export interface StorageServiceDeps {
  readonly pools: () => Promise<readonly PoolView[]>;
  /** Instances that a caller sees. */
  readonly usedBy: (pool: string, sight: Sight) => Promise<readonly string[]>;
}

export function storageService({ pools, usedBy }: StorageServiceDeps): Handlers<StorageServiceHandlers> {
  const encode = async ({ pool, failure, usage }: PoolView, { sight }: Identity) => ({
    ...pool,
    status: failure === undefined ? 'created' : 'unavailable',
    statusDetail: failure ?? '',
    usedBy: [...(await usedBy(pool.name, sight))],
    usedBytes: usage?.usedBytes ?? 0,
    totalBytes: usage?.totalBytes ?? 0,
  });
  return {
    ListStoragePools: async ({ identity }) => ({
      pools: await Promise.all((await pools()).map((view) => encode(view, identity))),
    }),
  };
}
