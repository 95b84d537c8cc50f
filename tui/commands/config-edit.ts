import { configSubject } from '../config/config-subject.ts';
import { edit } from '../config/edit.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await edit(context, await configSubject(context, input.arguments[0]));
}
