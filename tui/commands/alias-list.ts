import { printList } from '../output/print-list.ts';
import { readSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await printList(
    context,
    input,
    {
      columns: { ALIAS: ([alias]) => alias, TARGET: ([, target]) => target },
      record: ([alias, target]) => ({ alias, target }),
    },
    async () => Object.entries((await readSettings(context.env)).aliases),
  );
}
