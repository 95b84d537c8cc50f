import { configSubject, instanceAndKey } from '../config/config-subject.ts';
import { unsetKey } from '../config/keys.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { name, key } = instanceAndKey(input.arguments);
  await unsetKey(await configSubject(context, name), key, input.flag('property'));
}
