import { UsageError } from '../arguments/usage-error.ts';
import { waitFor } from '../client/operation.ts';
import { printable } from '../output/printable.ts';
import { parseReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [word = '', given] = input.arguments;
  const joined = parseReference(word);
  if (joined !== undefined && given !== undefined) throw new UsageError('The snapshot is named twice');
  if (input.flag('no-expiry') && input.value('expiry') !== undefined) {
    throw new UsageError('Both --expiry and --no-expiry given');
  }
  const connection = await context.connect();
  const { name, operation } = await connection.call('SnapshotService', 'CreateSnapshot', {
    project: context.global.project,
    instance: joined?.instance ?? word,
    name: joined?.name ?? given ?? '',
    expiry: input.value('expiry') ?? '',
    noExpiry: input.flag('no-expiry'),
    reuse: input.flag('reuse'),
  });
  await waitFor(context, connection, operation);
  // A name that the server picked is what the user needs next.
  if (joined === undefined && given === undefined && !context.global.quiet) {
    await context.terminal.output.write(`Snapshot name is: ${printable(name)}\n`);
  }
}
