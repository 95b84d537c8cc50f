import { listColumns } from '../output/list-columns.ts';
import { printList } from '../output/print-list.ts';
import { byteSize } from '../output/units.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ name }) => name,
        DRIVER: ({ driver }) => driver,
        SOURCE: ({ config }) => config['source'] ?? '',
        DESCRIPTION: ({ description }) => description,
        'USED BY': ({ usedBy }) => String(usedBy.length),
        STATE: ({ status }) => status.toUpperCase(),
        USED: ({ usedBytes, totalBytes }) =>
          totalBytes === 0 ? '' : `${byteSize(usedBytes)} of ${byteSize(totalBytes)}`,
      },
      letters: listColumns.storage,
      record: ({ name, driver, description, config, status, statusDetail, usedBy, usedBytes, totalBytes }) => ({
        ...{ name, driver, description, config, status, status_detail: statusDetail, used_by: usedBy },
        ...{ used_bytes: usedBytes, total_bytes: totalBytes },
      }),
    },
    async () => (await (await context.connect()).call('StorageService', 'ListStoragePools', {})).pools,
  );
}
