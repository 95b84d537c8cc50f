import { printList } from '../output/print-list.ts';
import { profileRecord } from '../profiles/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { project } = context.global;
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ name }) => name,
        DESCRIPTION: ({ description }) => description,
        'USED BY': ({ usedBy }) => String(usedBy.length),
      },
      record: profileRecord,
    },
    async () => (await (await context.connect()).call('ProfileService', 'ListProfiles', { project })).profiles,
  );
}
