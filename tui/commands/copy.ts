import { UsageError } from '../arguments/usage-error.ts';
import { waitFor } from '../client/operation.ts';
import { deviceOptions, pairOf } from '../instances/device-options.ts';
import { printable } from '../output/printable.ts';
import { parseReference } from '../snapshots/reference.ts';
import type { CommandContext, Input } from './command.ts';

export async function run(commands: CommandContext, input: Input): Promise<void> {
  const [word = '', given = ''] = input.arguments;
  const profiles = input.values('profile');
  if (input.flag('no-profiles') && profiles.length > 0) throw new UsageError('Both --profile and --no-profiles given');
  const { remote: fallback } = commands.global;
  const [from = fallback, to = input.arguments.length < 2 ? from : fallback] = input.remotes;
  const context = commands.on(from);
  if (from !== to) {
    const { copyBetween } = await import('../transfers/copy-between.ts');
    const between = { source: context, word, target: commands.on(to), name: given, move: false };
    return await copyBetween({ ...between, refresh: input.flag('refresh') }, input);
  }
  if (input.flag('refresh') && given === '') throw new UsageError('The name of the copy to refresh is missing');
  const snapshot = parseReference(word);
  const connection = await context.connect();
  const { name, operation } = await connection.call('InstanceService', 'CopyInstance', {
    project: context.global.project,
    targetProject: input.value('target-project') ?? '',
    source: snapshot?.instance ?? word,
    snapshot: snapshot?.name ?? '',
    name: given,
    ephemeral: input.flag('ephemeral'),
    profiles: [...profiles],
    noProfiles: input.flag('no-profiles'),
    config: Object.fromEntries(input.values('config').map(pairOf)),
    devices: deviceOptions(input.values('device')),
    instanceOnly: input.flag('instance-only'),
    start: input.flag('start'),
    refresh: input.flag('refresh'),
    pool: input.value('storage') ?? '',
  });
  await waitFor(context, connection, operation);
  if (given === '' && !context.global.quiet) {
    await context.terminal.output.write(`Instance name is: ${printable(name)}\n`);
  }
}
