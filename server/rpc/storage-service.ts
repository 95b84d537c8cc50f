import type { StorageServiceHandlers } from '../../proto/gen/yurt/v1/StorageService.ts';
import type { PoolView } from '../storage/pools.ts';
import type { Handlers } from './router.ts';

export interface StorageServiceDeps {
  readonly pools: () => Promise<readonly PoolView[]>;
  readonly usedBy: (pool: string) => Promise<readonly string[]>;
}

export function storageService({ pools, usedBy }: StorageServiceDeps): Handlers<StorageServiceHandlers> {
  const encode = async ({ pool, failure, usage }: PoolView) => ({
    ...pool,
    status: failure === undefined ? 'created' : 'unavailable',
    statusDetail: failure ?? '',
    usedBy: [...(await usedBy(pool.name))],
    usedBytes: usage?.usedBytes ?? 0,
    totalBytes: usage?.totalBytes ?? 0,
  });
  return { ListStoragePools: async () => ({ pools: await Promise.all((await pools()).map(encode)) }) };
}
