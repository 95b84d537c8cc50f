import { listColumns } from '../output/list-columns.ts';
import { printList } from '../output/print-list.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { project } = context.global;
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ name }) => name,
        TYPE: ({ type }) => type,
        MANAGED: ({ managed }) => (managed ? 'YES' : 'NO'),
        IPV4: ({ config }) => config['ipv4.address'] ?? '',
        IPV6: ({ config }) => config['ipv6.address'] ?? '',
        DESCRIPTION: ({ description }) => description,
        'USED BY': ({ usedBy }) => String(usedBy.length),
        STATE: ({ status }) => status.toUpperCase(),
      },
      letters: listColumns.network,
      record: ({ name, project: of, type, managed, description, config, status, statusDetail, usedBy }) => ({
        ...{
          name,
          project: of,
          type,
          managed,
          description,
          config,
          status,
          status_detail: statusDetail,
          used_by: usedBy,
        },
      }),
    },
    async () => (await (await context.connect()).call('NetworkService', 'ListNetworks', { project })).networks,
  );
}
