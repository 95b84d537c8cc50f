import { edit } from '../config/edit.ts';
import { profileSubject } from '../config/profile-subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await edit(context, await profileSubject(context, input.arguments[0] ?? ''));
}
