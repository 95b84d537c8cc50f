import { suggestion } from '../arguments/nearest.ts';
import { firstArguments } from '../arguments/parse.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { Failure } from '../client/failure.ts';

/**
 * A command line with its alias written out, once: what an alias stands for is no alias again. The alias with the most
 * words wins, also over a command of the same name. `@ARG1@` stands for the first argument that follows, `@ARGS@` for all
 * that no number names; without it, they follow at the end. Global options before it stay where they are.
 */
export function expandAlias(argv: readonly string[], aliases: Readonly<Record<string, string>>): readonly string[] {
  const words = firstArguments(argv);
  const keys = Object.keys(aliases)
    .map((key) => key.split(/\s+/).filter((word) => word !== ''))
    .sort((a, b) => b.length - a.length);
  const start = words[0]?.index ?? 0;
  const found = keys.find((key) => key.length > 0 && key.every((word, index) => argv[start + index] === word));
  const value = found === undefined ? undefined : textOf(aliases, found);
  if (found === undefined || value === undefined || words.length === 0) return argv;
  const rest = argv.slice(start + found.length);
  return [...argv.slice(0, start), ...filledIn(splitWords(value), rest)];
}

function textOf(aliases: Readonly<Record<string, string>>, key: readonly string[]): string | undefined {
  return Object.entries(aliases).find(([name]) => name.split(/\s+/).filter(Boolean).join(' ') === key.join(' '))?.[1];
}

function filledIn(words: readonly string[], args: readonly string[]): string[] {
  const named = new Set(words.flatMap((word) => [...word.matchAll(numbered)].map(([, digits]) => Number(digits) - 1)));
  const most = Math.max(-1, ...named) + 1;
  if (args.length < most) throw new UsageError(`The alias needs at least ${most} arguments`);
  const others = args.filter((_, index) => !named.has(index));
  const fill = (word: string) => word.replace(numbered, (_match, digits: string) => args[Number(digits) - 1] ?? '');
  const filled = words.flatMap((word) => (word === '@ARGS@' ? others : [fill(word)]));
  return words.includes('@ARGS@') ? filled : [...filled, ...others];
}

const numbered = /@ARG([1-9]\d{0,2})@/g;

/** Words between spaces; quotes keep spaces, as in a shell, and nothing else is special. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const match of text.matchAll(/'([^']*)'|"([^"]*)"|(\s+)|([^\s'"]+)|(['"])/g)) {
    const [, single, double, space, plain, open] = match;
    if (open !== undefined) throw new UsageError(`The alias "${text}" has a quote without its end`);
    if (space === undefined) word = (word ?? '') + (single ?? double ?? plain ?? '');
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** Without one of them; a `Failure` when it is not there. */
export function withoutAlias(aliases: Readonly<Record<string, string>>, alias: string): Record<string, string> {
  if (!Object.hasOwn(aliases, alias)) {
    throw new Failure(`Alias "${alias}" does not exist${suggestion(alias, Object.keys(aliases))}`);
  }
  return Object.fromEntries(Object.entries(aliases).filter(([name]) => name !== alias));
}
