import { UsageError } from '../arguments/usage-error.ts';
import type { Context } from '../commands/command.ts';
import { instanceSubject } from './instance-subject.ts';
import { serverSubject } from './server-subject.ts';
import type { Subject } from './subject.ts';

/** What `yurt config` is about: an instance, or the server when none is named. */
export async function configSubject(context: Context, name: string | undefined): Promise<Subject> {
  return name === undefined ? await serverSubject(context) : await instanceSubject(context, name);
}

/** `[<instance>] <key>`. Keys of the server have a dot and names of instances none: one of these alone lacks its key. */
export function instanceAndKey([first = '', second]: readonly string[]): { name: string | undefined; key: string } {
  if (second !== undefined) return { name: first, key: second };
  if (!first.includes('.')) throw new UsageError(`The key is missing: "${first}" is the name of an instance`);
  return { name: undefined, key: first };
}

/** `[<instance>] <key>=<value>...`, or `[<instance>] <key> <value>`. */
export function instanceAndPairs(words: readonly string[]): { name: string | undefined; pairs: readonly string[] } {
  const [first = ''] = words;
  return first.includes('.') || first.includes('=')
    ? { name: undefined, pairs: words }
    : { name: first, pairs: words.slice(1) };
}
