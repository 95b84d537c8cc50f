import { UsageError } from '../arguments/usage-error.ts';

/** A file of an instance. */
export interface Location {
  readonly instance: string;
  /** Absolute. */
  readonly path: Buffer;
  /** As it was typed. */
  readonly shown: string;
}

/** `INSTANCE/PATH`. */
export function parseLocation(text: string): Location {
  const slash = text.indexOf('/');
  if (slash <= 0) throw new UsageError(`Invalid path "${text}": it is written INSTANCE/PATH`);
  return { instance: text.slice(0, slash), path: Buffer.from(text.slice(slash)), shown: text };
}

/** Whether the path itself says that it is a directory. */
export function namesDirectory(path: Buffer): boolean {
  return /(^|\/)\.{0,2}$/.test(path.toString('latin1'));
}

/** Several locations, which must be in one instance. */
export function parseLocations(texts: readonly string[]): readonly [Location, ...Location[]] {
  const [first, ...others] = texts.map(parseLocation);
  if (first === undefined) throw new UsageError('Invalid number of arguments');
  const other = others.find(({ instance }) => instance !== first.instance);
  if (other !== undefined) throw new UsageError(`"${other.shown}" is in another instance than "${first.shown}"`);
  return [first, ...others];
}
