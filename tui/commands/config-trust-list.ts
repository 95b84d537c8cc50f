import { printList } from '../output/print-list.ts';
import { dateOf, minuteOf } from '../output/units.ts';
import { clientRecord, restrictionText } from '../trust/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ name }) => name,
        TYPE: ({ type }) => type,
        FINGERPRINT: ({ fingerprint }) => fingerprint.slice(0, 12),
        RESTRICTED: restrictionText,
        'EXPIRY DATE': ({ expiresAt }) => minuteOf(dateOf(expiresAt)) || 'never',
      },
      record: clientRecord,
    },
    async () => (await (await context.connect()).call('TrustService', 'ListTrustedClients', {})).clients,
  );
}
