import { unsetKey } from '../config/keys.ts';
import { projectSubject } from '../projects/subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', key = ''] = input.arguments;
  await unsetKey(await projectSubject(context, name), key, input.flag('property'));
}
