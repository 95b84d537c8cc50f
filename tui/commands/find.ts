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
  if (words.length === 0) return { kind: 'none' };
  let depth = 1;
  while (depth < words.length && isGroup(words.slice(0, depth))) depth += 1;
  const taken = words.slice(0, depth);
  const path = taken.map(({ word }) => word);
  const spec = commandAt(path);
  if (spec !== undefined && !isGroup(taken)) {
    return { kind: 'command', spec, argv: argv.filter((_, index) => !taken.some((word) => word.index === index)) };
  }
  if (isGroup(taken)) return { kind: 'group', group: path.join(' ') };
  const verb = commandAt(path.slice(0, -1));
  if (verb !== undefined) {
    // The group is a verb of its own too: `yurt snapshot web`.
    const own = taken.slice(0, -1);
    return { kind: 'command', spec: verb, argv: argv.filter((_, index) => !own.some((word) => word.index === index)) };
  }
  const unknown = path.at(-1) ?? '';
  return depth > 1 ? { kind: 'group', group: path.slice(0, -1).join(' '), unknown } : { kind: 'none', unknown };
}

function isGroup(words: readonly { readonly word: string }[]): boolean {
  return Object.hasOwn(groups, words.map(({ word }) => word).join(' '));
}

export interface Member {
  /** The word that follows the group's. */
  readonly word: string;
  readonly summary: string;
}

/** Commands of a group and groups within it, as they are listed; of the program itself without one. */
export function membersOf(group: string | undefined): Member[] {
  const above = group === undefined ? [] : group.split(' ');
  const isBelow = (path: readonly string[]) =>
    path.length === above.length + 1 && above.every((word, index) => word === path[index]);
  const listed = commands.filter(({ path, hidden }) => hidden !== true && isBelow(path));
  const within = Object.entries(groups).filter(([name]) => isBelow(name.split(' ')));
  return [
    ...listed.map(({ path, summary }) => ({ word: path.at(-1) ?? '', summary })),
    ...within.map(([name, summary]) => ({ word: name.split(' ').at(-1) ?? '', summary })),
  ];
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
