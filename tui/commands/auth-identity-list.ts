import { identityRecord, identityType } from '../auth/record.ts';
import { printList } from '../output/print-list.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await printList(
    context,
    input,
    {
      columns: {
        'AUTHENTICATION METHOD': () => 'tls',
        TYPE: identityType,
        NAME: ({ name }) => name,
        IDENTIFIER: ({ fingerprint }) => fingerprint.slice(0, 12),
        GROUPS: ({ groups }) => groups.join('\n'),
      },
      record: identityRecord,
    },
    async () => (await (await context.connect()).call('TrustService', 'ListTrustedClients', {})).clients,
  );
}
