import { globalOptions } from '../arguments/global-options.ts';
import { firstArguments, progressOf } from '../arguments/parse.ts';
import type { CommandSpec, Completion, OptionSpec } from '../commands/command.ts';
import { findCommand, membersOf } from '../commands/find.ts';
import { groups } from '../commands/table.ts';

export interface Candidate {
  readonly word: string;
  readonly doc: string;
}

/** Where a word stands: the command, the arguments before it, and what there is of it. */
export interface Place {
  readonly path: readonly string[];
  readonly before: readonly string[];
  readonly current: string;
  /** Whether it is an argument, which may name another server, and not the value of an option. */
  readonly argument?: boolean;
}

/** Names that the server knows, by what they complete. */
export type Names = (
  kind: Exclude<Completion, readonly string[] | 'commands'>,
  place: Place,
) => Promise<readonly string[]>;

/** What the last of `words` (which may be empty) can become; `files` leaves it to the shell. */
export async function candidates(words: readonly string[], names: Names): Promise<readonly Candidate[] | 'files'> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const found = findCommand(before);
  const startsWith = ({ word }: Candidate) => word.startsWith(current);
  if (found.kind === 'command') return await ofCommand(found.spec, found.argv, current, names);
  if (found.kind === 'none' && found.unknown !== undefined) return [];
  if (found.kind === 'group' && found.unknown !== undefined) return [];
  if (current.startsWith('-')) return optionCandidates(globalOptions).filter(startsWith);
  const waiting = progressOf({}, before).waiting;
  if (waiting !== undefined) return await valuesOf(waiting.complete, '', { path: [], before: [], current }, names, []);
  return commandWords(found.kind === 'group' ? found.group : undefined).filter(startsWith);
}

async function ofCommand(
  spec: CommandSpec,
  argv: readonly string[],
  current: string,
  names: Names,
): Promise<readonly Candidate[] | 'files'> {
  const { waiting, given, positionals, ended, passed } = progressOf(spec, argv);
  if (passed) return 'files';
  const place = { path: spec.path, before: positionals, current };
  if (waiting !== undefined) return await valuesOf(waiting.complete, '', place, names, []);
  const options = [...(spec.options ?? []), ...globalOptions];
  if (!ended && current.startsWith('--') && current.includes('=')) {
    const split = current.indexOf('=') + 1;
    const option = options.find(({ name }) => `--${name}=` === current.slice(0, split));
    return await valuesOf(option?.complete, current.slice(0, split), place, names, []);
  }
  if (!ended && current.startsWith('-')) {
    const left = options.filter(({ name, repeatable }) => repeatable === true || !given.has(name));
    return optionCandidates(left).filter(({ word }) => word.startsWith(current));
  }
  const args = spec.arguments ?? [];
  const argument = args[positionals.length] ?? (args.at(-1)?.variadic === true ? args.at(-1) : undefined);
  if (spec.path.join(' ') === 'image build' && /^[./]/.test(current)) return 'files';
  if (argument?.complete === 'commands') return helpWords(positionals).filter(({ word }) => word.startsWith(current));
  const except = argument?.variadic === true ? positionals : [];
  return await valuesOf(argument?.complete, '', { ...place, argument: true }, names, except);
}

async function valuesOf(
  completion: Completion | undefined,
  prefix: string,
  place: Place,
  names: Names,
  except: readonly string[],
): Promise<readonly Candidate[]> {
  if (completion === undefined || completion === 'commands') return [];
  const words = typeof completion === 'string' ? await names(completion, place) : completion;
  return words
    .filter((word) => isHarmless(word) && !except.includes(word))
    .map((word) => ({ word: prefix + word, doc: '' }))
    .filter(({ word }) => word.startsWith(place.current));
}

/** A shell puts candidates on its command line: names that mean something to it are left for the user to quote. */
function isHarmless(word: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:/@+=-]*$/.test(word);
}

function commandWords(group: string | undefined): Candidate[] {
  const words = membersOf(group).map(({ word, summary }) => ({ word, doc: summary }));
  return group === undefined ? words.sort((a, b) => (a.word < b.word ? -1 : 1)) : words;
}

function helpWords(path: readonly string[]): Candidate[] {
  if (path.length === 0) return commandWords(undefined);
  const group = path.join(' ');
  return Object.hasOwn(groups, group) ? commandWords(group) : [];
}

function optionCandidates(options: readonly OptionSpec[]): Candidate[] {
  return options.flatMap(({ name, short, doc }) => [
    ...(short === undefined ? [] : [{ word: `-${short}`, doc }]),
    { word: `--${name}`, doc },
  ]);
}

/** The project that the words name, if any. */
export function projectOf(words: readonly string[]): string {
  return firstArguments(words).length === 0 ? '' : (progressOf({}, words).values.get('project') ?? '');
}
