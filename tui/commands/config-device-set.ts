import { setDeviceOptions } from '../config/devices.ts';
import { instanceSubject } from '../config/instance-subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', ...rest] = input.arguments;
  await setDeviceOptions(context, await instanceSubject(context, name), rest);
}
