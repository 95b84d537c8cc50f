import { parseGroup } from '../auth/document.ts';
import { say } from '../output/say.ts';
import { readDocument } from '../terminal/document.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const [connection, text] = await Promise.all([context.connect(), readDocument(context.terminal.input)]);
  const document = text === undefined ? { description: '', permissions: [] } : await parseGroup(text);
  const description = input.value('description') ?? document.description;
  await connection.call('AuthService', 'CreateGroup', { name, description, permissions: [...document.permissions] });
  await say(context, `Group ${name} created`);
}
