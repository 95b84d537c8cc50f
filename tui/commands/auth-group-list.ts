import { groupRecord } from '../auth/record.ts';
import { printList } from '../output/print-list.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ name }) => name,
        DESCRIPTION: ({ description }) => description,
        PERMISSIONS: ({ permissions }) => String(permissions.length),
        IDENTITIES: ({ identities }) => String(identities.length),
      },
      record: groupRecord,
    },
    async () => (await (await context.connect()).call('AuthService', 'ListGroups', {})).groups,
  );
}
