import { UsageError } from '../arguments/usage-error.ts';
import { parseReference } from '../snapshots/reference.ts';
import type { CommandContext, Input } from './command.ts';
import { newNameOf } from './snapshot-rename.ts';

export async function run(context: CommandContext, input: Input): Promise<void> {
  const [name = '', newName = ''] = input.arguments;
  const { remote: fallback } = context.global;
  const [from = fallback, to = input.arguments.length < 2 ? from : fallback] = input.remotes;
  const source = context.on(from);
  if (from !== to) {
    const { copyBetween } = await import('../transfers/copy-between.ts');
    const target = context.on(to);
    return await copyBetween({ source, word: name, target, name: newName, move: true, refresh: false }, input);
  }
  const given = ['config', 'device', 'profile'].some((option) => input.values(option).length > 0);
  const flags = ['no-profiles', 'instance-only', 'allow-host-access'].some((option) => input.flag(option));
  if (given || flags) throw new UsageError('A move on one server changes name and project, and nothing else');
  const targetProject = input.value('target-project') ?? '';
  const pool = input.value('storage') ?? '';
  if ([newName, targetProject, pool].every((target) => target === '')) {
    throw new UsageError('A new name, --target-project or --storage is missing');
  }
  const { project } = source.global;
  const snapshot = parseReference(name);
  if (snapshot !== undefined) {
    if (newName === '' || targetProject !== '' || pool !== '')
      throw new UsageError('A snapshot moves with its instance');
    const renaming = { ...snapshot, project, newName: newNameOf(snapshot.instance, newName) };
    await (await source.connect()).call('SnapshotService', 'RenameSnapshot', renaming);
    return;
  }
  const connection = await source.connect();
  await connection.call('InstanceService', 'MoveInstance', { project, name, newName, targetProject, pool });
}
