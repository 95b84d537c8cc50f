import { parseDocument } from '../config/document.ts';
import { deviceMessages } from '../config/instance-subject.ts';
import { contentOf } from '../config/subject.ts';
import { pairOf } from '../instances/device-options.ts';
import { say } from '../output/say.ts';
import { readDocument } from '../terminal/document.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', ...pairs] = input.arguments;
  const given = Object.fromEntries(pairs.map(pairOf));
  const [connection, text] = await Promise.all([context.connect(), readDocument(context.terminal.input)]);
  const document = text === undefined ? {} : await parseDocument(text, 'The document on stdin');
  const content = contentOf(document, { description: '', config: {}, devices: {} });
  await connection.call('ProfileService', 'CreateProfile', {
    ...{ name, project: context.global.project },
    description: input.value('description') ?? content.description,
    config: { ...content.config, ...given },
    devices: deviceMessages(content.devices),
  });
  await say(context, `Profile ${name} created`);
}
