import { parseDocument } from '../config/document.ts';
import { pairOf } from '../instances/device-options.ts';
import { printable } from '../output/printable.ts';
import { readDocument } from '../terminal/document.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const [connection, text] = await Promise.all([context.connect(), readDocument(context.terminal.input)]);
  const document = text === undefined ? {} : await parseDocument(text, 'The document on stdin');
  await connection.call('ProjectService', 'CreateProject', {
    name,
    description: input.value('description') ?? document.description ?? '',
    config: { ...document.config, ...Object.fromEntries(input.values('config').map(pairOf)) },
    storagePool: input.value('storage') ?? '',
    network: input.value('network') ?? '',
  });
  if (!context.global.quiet) await context.terminal.output.write(`Project ${printable(name)} created\n`);
}
