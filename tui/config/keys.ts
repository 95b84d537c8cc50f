import { UsageError } from '../arguments/usage-error.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { pairOf } from '../instances/device-options.ts';
import { printableLines } from '../output/printable.ts';
import { readAll } from '../terminal/document.ts';
import { type Content, change, ownValue, type Subject } from './subject.ts';

/** `key=value…` or `key value`; a value `-` is what comes on stdin, unless that is a terminal. */
export async function pairsOf(context: Context, words: readonly string[]): Promise<Record<string, string>> {
  const [key = '', value = ''] = words;
  if (words.length === 0) throw new UsageError('Invalid number of arguments');
  const legacy = words.length === 2 && !key.includes('=');
  const pairs = legacy ? [[key, value] as const] : words.map(pairOf);
  const result: Record<string, string> = {};
  for (const [name, given] of pairs) {
    result[name] = given === '-' && !context.terminal.input.isTty ? await readAll(context.terminal.input) : given;
  }
  return result;
}

/** Prints the value of a key, or an empty line when it is not set. */
export async function getKey(
  context: Context,
  subject: Subject,
  key: string,
  from: { readonly property: boolean; readonly expanded: boolean },
): Promise<void> {
  const reading = await subject.read();
  const value = from.property
    ? propertyOf(reading.record(false), key)
    : (ownValue((from.expanded ? reading.expanded : reading.content).config, key) ?? '');
  await context.terminal.output.write(`${printableLines(value)}\n`);
}

/** Sets keys of the configuration, or properties. An empty value unsets. */
export async function setKeys(subject: Subject, pairs: Readonly<Record<string, string>>, property: boolean) {
  const entries = Object.entries(pairs);
  await change(subject, ({ content }) =>
    property
      ? entries.reduce((all, [key, value]) => withProperty(all, key, value), content)
      : { ...content, config: { ...content.config, ...pairs } },
  );
}

export async function unsetKey(subject: Subject, key: string, property: boolean): Promise<void> {
  if (property) {
    await change(subject, ({ content }) => withProperty(content, key, ''));
    return;
  }
  const { content } = await change(subject, ({ content: before }) => {
    const { [key]: _, ...config } = before.config;
    if (!Object.hasOwn(before.config, key)) throw new Failure(`Cannot unset key "${key}", it's not currently set`);
    return { ...before, config };
  });
  if (Object.hasOwn(content.config, key)) throw new Failure(`Cannot unset key "${key}": the server keeps it`);
}

function propertyOf(record: Record<string, unknown>, key: string): string {
  const value = Object.hasOwn(record, key) ? record[key] : undefined;
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) {
    throw new Failure(`There is no property "${key}"`);
  }
  return Array.isArray(value) ? value.join(',') : String(value ?? '');
}

/** Lists are written with commas; unset, a property is empty or false. */
function withProperty(content: Content, key: string, value: string): Content {
  if (key === 'description') return { ...content, description: value };
  if (key === 'expires_at' && content.expiresAt !== undefined) return { ...content, expiresAt: value };
  if (key === 'profiles' && content.profiles !== undefined) {
    return { ...content, profiles: value === '' ? [] : value.split(',') };
  }
  if (key === 'ephemeral' && content.ephemeral !== undefined) {
    if (!/^(true|false|)$/.test(value)) throw new UsageError(`Invalid value "${value}" for ephemeral: true or false`);
    return { ...content, ephemeral: value === 'true' };
  }
  throw new Failure(`The property "${key}" does not exist or cannot be changed`);
}
