import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { editUntilRight } from '../config/edit.ts';
import { readAll } from '../terminal/document.ts';
import { editText } from '../terminal/editor.ts';

/** The text comes from an editor on a terminal, otherwise it is all of stdin. */
export async function createTemplate(context: Context, instance: string, name: string): Promise<void> {
  const { input } = context.terminal;
  const connection = await context.connect();
  const content = input.isTty ? await editText(context, '', 'template') : await readAll(input);
  const { project } = context.global;
  await connection.call('MetadataService', 'CreateTemplate', { instance, project, name, content });
}

/** What somebody else wrote meanwhile is not overwritten unseen: the editor opens again after a message that says so. */
export async function editTemplate(context: Context, instance: string, name: string): Promise<void> {
  const connection = await context.connect();
  const of = { instance, project: context.global.project, name };
  const read = async () => {
    const { template } = await connection.call('MetadataService', 'GetTemplate', of);
    if (template === null) throw new Failure(`The server answered without the template "${name}"`);
    return template;
  };
  let now = await read();
  const save = async (content: string) => {
    await connection.call('MetadataService', 'UpdateTemplate', { ...of, etag: now.etag, content });
  };
  if (!context.terminal.input.isTty) return await save(await readAll(context.terminal.input));
  const afterConflict = async (text: string) => {
    now = await read();
    return text;
  };
  await editUntilRight(context, now.content, { save, afterConflict, fileName: 'template' });
}
