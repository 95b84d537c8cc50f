import { printList } from '../output/print-list.ts';
import { dateOf, minuteOf } from '../output/units.ts';
import { restrictionText, tokenRecord } from '../trust/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ rights }) => rights?.name ?? '',
        RESTRICTED: ({ rights }) => (rights === null ? '' : restrictionText(rights)),
        'EXPIRES AT': ({ expiresAt }) => minuteOf(dateOf(expiresAt)) || 'never',
      },
      record: tokenRecord,
    },
    async () => (await (await context.connect()).call('TrustService', 'ListTrustTokens', {})).tokens,
  );
}
