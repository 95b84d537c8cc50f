import { parseGroup } from '../auth/document.ts';
import { getGroup } from '../auth/group.ts';
import { groupRecord } from '../auth/record.ts';
import { editUntilRight, withTheirs } from '../config/edit.ts';
import { toYaml } from '../output/format.ts';
import { readAll } from '../terminal/document.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const connection = await context.connect();
  let group = await getGroup(connection, name);
  const save = async (text: string) => {
    const { description, permissions } = await parseGroup(text);
    const request = { name, etag: group.etag, description, permissions: [...permissions] };
    await connection.call('AuthService', 'UpdateGroup', request);
  };
  if (!context.terminal.input.isTty) {
    await save(await readAll(context.terminal.input));
    return;
  }
  await editUntilRight(context, await toYaml(groupRecord(group)), {
    save,
    afterConflict: async (text) => {
      group = await getGroup(connection, name);
      return withTheirs(text, await toYaml(groupRecord(group)));
    },
  });
}
