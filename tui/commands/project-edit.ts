import { edit } from '../config/edit.ts';
import { projectSubject } from '../projects/subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  await edit(context, await projectSubject(context, name));
}
