import { Failure } from '../client/failure.ts';
import { waitFor } from '../client/operation.ts';
import { pairOf } from '../instances/device-options.ts';
import { printable } from '../output/printable.ts';
import { parseReference } from '../snapshots/reference.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { terminal, global } = context;
  const [word = '', ...rest] = input.arguments;
  const snapshot = parseReference(word);
  const elsewhere = rest.find((each) => each.endsWith(':') && !each.includes('=') && each !== `${global.remote}:`);
  if (elsewhere !== undefined) {
    throw new Failure(`Images are published on the server of their instance, and not on "${printable(elsewhere)}"`);
  }
  const connection = await context.connect();
  const { operation } = await connection.call('ImageService', 'PublishInstance', {
    project: global.project,
    instance: snapshot?.instance ?? word,
    snapshot: snapshot?.name ?? '',
    force: input.flag('force'),
    aliases: [...input.values('alias')],
    reuse: input.flag('reuse'),
    properties: Object.fromEntries(rest.filter((each) => each !== `${global.remote}:`).map(pairOf)),
  });
  const { result } = await waitFor(context, connection, operation, { plainLines: true });
  for (const warning of result?.warnings ?? []) await terminal.error.write(`Warning: ${printable(warning)}\n`);
  const fingerprint = (result?.imageFingerprint ?? '').replace(/[^0-9a-f]/g, '');
  if (!global.quiet) await terminal.output.write(`Instance published with fingerprint: ${fingerprint}\n`);
}
