import { instanceSubject } from '../config/instance-subject.ts';
import { unsetKey } from '../config/keys.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', key = ''] = input.arguments;
  await unsetKey(await instanceSubject(context, name), key, input.flag('property'));
}
