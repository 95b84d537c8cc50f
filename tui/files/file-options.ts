import { UsageError } from '../arguments/usage-error.ts';
import type { Input } from '../commands/command.ts';

const maxId = 0xffff_fffe;

/** `--uid` and `--gid`; undefined when not given. */
export function idOption(input: Input, name: 'uid' | 'gid'): { value: number } | undefined {
  const text = input.value(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > maxId) throw new UsageError(`Invalid --${name} "${text}": it is a number`);
  return { value };
}

/** `--mode`, in octal. */
export function modeOption(input: Input): { value: number } | undefined {
  const text = input.value('mode');
  if (text === undefined) return undefined;
  if (!/^0?[0-7]{1,4}$/.test(text)) throw new UsageError(`Invalid --mode "${text}": it is octal, as in 0644`);
  return { value: Number.parseInt(text, 8) };
}

/** -P, -H and -L; the last word is the preset's. */
export function followOption(input: Input, preset: FollowMode): FollowMode {
  const given = (
    [
      ['no-dereference', 'never'],
      ['dereference-arguments', 'arguments'],
      ['dereference', 'always'],
    ] as const
  ).filter(([name]) => input.flag(name));
  if (given.length > 1) throw new UsageError('-P, -H and -L exclude one another');
  return given[0]?.[1] ?? preset;
}

export type FollowMode = 'never' | 'arguments' | 'always';
