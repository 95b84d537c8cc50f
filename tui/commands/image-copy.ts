import { UsageError } from '../arguments/usage-error.ts';
import { Failure } from '../client/failure.ts';
import { copyImage } from '../transfers/image-between.ts';
import { modeOf } from '../transfers/transfer.ts';
import type { CommandContext, Input } from './command.ts';

export async function run(context: CommandContext, input: Input): Promise<void> {
  const [image = '', rest = ''] = input.arguments;
  const [from = context.global.remote, to] = input.remotes;
  if (to === undefined || rest !== '') throw new UsageError(`"${rest}" is no server: it reads SERVER:`);
  const [source, target] = [context.on(from), context.on(to)];
  const targetProject = input.value('target-project') ?? target.global.project;
  if (from === to && targetProject === source.global.project) throw new Failure('Source and target are the same');
  const own = input.values('alias');
  await copyImage({
    ...{ source, image, target, targetProject, mode: modeOf(input.value('mode')) },
    aliases: ({ aliases }) => [
      ...new Set([...(input.flag('copy-aliases') ? aliases.map(({ name }) => name) : []), ...own]),
    ],
  });
}
