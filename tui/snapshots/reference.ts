import { UsageError } from '../arguments/usage-error.ts';

export interface SnapshotReference {
  readonly instance: string;
  readonly name: string;
}

/** `web/snap0`. Undefined for a word without a slash: an instance. */
export function parseReference(word: string): SnapshotReference | undefined {
  const [instance = '', ...rest] = word.split('/');
  return rest.length === 0 ? undefined : { instance, name: rest.join('/') };
}

/** `web snap0` or `web/snap0`, and what follows it. */
export function takeReference(words: readonly string[]): SnapshotReference & { readonly rest: readonly string[] } {
  const [first = '', second, ...rest] = words;
  const joined = parseReference(first);
  if (joined !== undefined) return { ...joined, rest: words.slice(1) };
  if (second === undefined) throw new UsageError('The name of the snapshot is missing');
  return { instance: first, name: second, rest };
}

/** Fails when something is left over. */
export function noMore(rest: readonly string[]): void {
  if (rest.length > 0) throw new UsageError(`Unexpected argument "${rest[0]}"`);
}
