import { UsageError } from '../arguments/usage-error.ts';
import { followOption } from '../files/file-options.ts';
import { parseLocations } from '../files/location.ts';
import { pullContent, pullTo } from '../files/pull.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const target = input.arguments.at(-1) ?? '';
  if (input.arguments.length < 2) throw new UsageError('Invalid number of arguments');
  const sources = parseLocations(input.arguments.slice(0, -1));
  const archive = input.flag('archive');
  const recursive = input.flag('recursive') || archive;
  if (target === '-') {
    if (recursive) throw new UsageError('"-" takes the content of files, not directories');
    await pullContent(context, sources, context.terminal.output);
    return;
  }
  const into = sources.length > 1 || recursive ? 'directory' : 'auto';
  await pullTo(
    context,
    sources,
    Buffer.from(target),
    {
      into,
      // What can only be a directory is made, as the field does it.
      parents: input.flag('create-dirs') || into === 'directory' || target.endsWith('/'),
      existing: 'set',
      owners: archive,
      specialBits: archive,
      times: archive,
      attributes: archive ? 'all' : 'user',
      followLinks: false,
    },
    { recursive, follow: followOption(input, 'never') },
  );
}
