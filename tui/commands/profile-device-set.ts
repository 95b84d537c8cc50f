import { setDeviceOptions } from '../config/devices.ts';
import { profileSubject } from '../config/profile-subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', ...rest] = input.arguments;
  await setDeviceOptions(context, await profileSubject(context, name), rest);
}
