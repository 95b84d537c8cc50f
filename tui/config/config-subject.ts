import type { Context } from '../commands/command.ts';
import { instanceSubject } from './instance-subject.ts';
import { serverSubject } from './server-subject.ts';
import type { Subject } from './subject.ts';

/** What `yurt config` is about: an instance, or the server when none is named. */
export async function configSubject(context: Context, name: string | undefined): Promise<Subject> {
  return name === undefined ? await serverSubject(context) : await instanceSubject(context, name);
}
