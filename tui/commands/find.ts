import { editDistance } from '../arguments/nearest.ts';
import { firstArguments } from '../arguments/parse.ts';
import type { CommandSpec } from './command.ts';
import { commands, groups } from './table.ts';

export type Found =
  | {
      readonly kind: 'command';
      readonly spec: CommandSpec /** What follows the command's words, and precedes them. */;
      readonly argv: readonly string[];
    }
  | { readonly kind: 'group'; readonly group: string; readonly unknown?: string }
  | { readonly kind: 'none'; readonly unknown?: string };

/** The command that a command line names by its first words. */
export function findCommand(argv: readonly string[]): Found {
  const words = firstArguments(argv);
  const [first, second] = words;
  if (first === undefined) return { kind: 'none' };
  const isGroup = Object.hasOwn(groups, first.word);
  const taken = isGroup && second !== undefined ? [first, second] : [first];
  const spec = commandAt(taken.map(({ word }) => word));
  if (spec !== undefined) {
    return { kind: 'command', spec, argv: argv.filter((_, index) => !taken.some((word) => word.index === index)) };
  }
  const verb = isGroup && second !== undefined ? commandAt([first.word]) : undefined;
  if (verb !== undefined) {
    // The group is a verb of its own too: `yurt snapshot web`.
    return { kind: 'command', spec: verb, argv: argv.filter((_, index) => index !== first.index) };
  }
  if (isGroup) return { kind: 'group', group: first.word, ...(second === undefined ? {} : { unknown: second.word }) };
  return { kind: 'none', unknown: first.word };
}

/** The command with exactly this path, aliases included. */
export function commandAt(path: readonly string[]): CommandSpec | undefined {
  return commands.find((spec) => {
    const last = spec.path.length - 1;
    return (
      path.length === spec.path.length &&
      spec.path.every(
        (word, index) => word === path[index] || (index === last && spec.aliases?.includes(path[index] ?? '')),
      )
    );
  });
}

/** Commands with names close to a mistyped one. */
export function suggestions(word: string): string[] {
  const names = [...new Set(commands.filter(({ hidden }) => hidden !== true).map(({ path }) => path[0] ?? ''))];
  return names.filter((name) => name.startsWith(word) || editDistance(word, name) <= 2).slice(0, 3);
}
