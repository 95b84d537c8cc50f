import { UsageError } from '../arguments/usage-error.ts';
import type { Context } from '../commands/command.ts';
import { parseReference } from '../snapshots/reference.ts';
import { instanceSubject } from './instance-subject.ts';
import { serverSubject } from './server-subject.ts';
import { snapshotSubject } from './snapshot-subject.ts';
import type { Subject } from './subject.ts';

/** What `yurt config` is about: an instance, one of its snapshots, or the server when none is named. */
export async function configSubject(context: Context, name: string | undefined): Promise<Subject> {
  if (name === undefined) return await serverSubject(context);
  const snapshot = parseReference(name);
  return snapshot === undefined ? await instanceSubject(context, name) : snapshotSubject(context, snapshot);
}

/** `[<instance>] <key>`. Keys of the server have a dot and names of instances none: one of these alone lacks its key. */
export function instanceAndKey([first = '', second]: readonly string[]): { name: string | undefined; key: string } {
  if (second !== undefined) return { name: first, key: second };
  if (!first.includes('.')) throw new UsageError(`The key is missing: "${first}" is the name of an instance`);
  return { name: undefined, key: first };
}

/** `[<instance>] <key>=<value>...`, or `[<instance>] <key> <value>`. Keys have no slash, as snapshots have. */
export function instanceAndPairs(words: readonly string[]): { name: string | undefined; pairs: readonly string[] } {
  const [first = ''] = words;
  return first.includes('=') || (first.includes('.') && !first.includes('/'))
    ? { name: undefined, pairs: words }
    : { name: first, pairs: words.slice(1) };
}
