import { parseArgs } from 'node:util';
import type { CommandSpec, GlobalOptions, Input, OptionSpec } from '../commands/command.ts';
import { globalOptions } from './global-options.ts';
import { UsageError } from './usage-error.ts';

export interface Parsed {
  /** `remote` is for `splitRemotes` to say. */
  readonly global: GlobalOptions;
  readonly forceLocal: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly input: Input;
}

/**
 * Options and arguments of one command. Options may stand before, between and after arguments; `--` ends them; with
 * `passThrough` so does the second argument. Node's own parser finds the words, the rules for values are those of the
 * field's tools: `-f csv`, `-fcsv`, `-f=csv`, `--format csv`, `--format=csv`, `--force`, `--force=false`.
 */
export function parseArguments(
  spec: Pick<CommandSpec, 'arguments' | 'options' | 'passThrough'>,
  argv: readonly string[],
): Parsed {
  const options = [...(spec.options ?? []), ...globalOptions];
  const { own, rest } = split(options, argv, spec.passThrough === true);
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokensOf(options, own)) {
    if (token.kind === 'positional') positionals.push(token.value);
    else if (token.kind === 'option') {
      const option = options.find(({ name, short }) => name === token.name || short === token.name);
      if (option === undefined) throw unknownOption(token.rawName, own[token.index] ?? '');
      const values = given.get(option.name) ?? [];
      values.push(optionValue(option, token.rawName, token.value, token.inlineValue === true));
      given.set(option.name, values);
    }
  }
  const isSet = (name: string) => (given.get(name)?.at(-1) ?? 'false') !== 'false';
  const args = [...positionals, ...rest];
  return {
    help: isSet('help'),
    version: isSet('version'),
    forceLocal: isSet('force-local'),
    global: {
      remote: '',
      project: given.get('project')?.at(-1) ?? '',
      debug: isSet('debug'),
      verbose: isSet('verbose'),
      quiet: isSet('quiet'),
    },
    input: inputOf(options, given, args),
  };
}

/** The words of a command line that come before any option: where the command is looked for. Global options may precede. */
export function firstArguments(argv: readonly string[]): { readonly word: string; readonly index: number }[] {
  return tokensOf(globalOptions, argv)
    .filter((token) => token.kind === 'positional')
    .map(({ value, index }) => ({ word: value, index }));
}

export interface Progress {
  /** The option that the next word is the value of. */
  readonly waiting: OptionSpec | undefined;
  readonly given: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
  /** A `--` was given. */
  readonly ended: boolean;
  /** What follows belongs to another program. */
  readonly passed: boolean;
}

/** How far a command line that is being typed has come. */
export function progressOf(
  spec: Pick<CommandSpec, 'arguments' | 'options' | 'passThrough'>,
  argv: readonly string[],
): Progress {
  const options = [...(spec.options ?? []), ...globalOptions];
  const tokens = tokensOf(options, argv);
  const given = new Set<string>();
  const values = new Map<string, string>();
  let waiting: OptionSpec | undefined;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = options.find(({ name, short }) => name === token.name || short === token.name);
    if (option === undefined) continue;
    given.add(option.name);
    if (token.value !== undefined) values.set(option.name, token.value);
    waiting =
      option.value !== undefined && token.value === undefined && token.index === argv.length - 1 ? option : undefined;
  }
  const positionals = tokens.filter((token) => token.kind === 'positional').map(({ value }) => value);
  const ended = tokens.some(({ kind }) => kind === 'option-terminator');
  const passed = spec.passThrough === true && (positionals.length > 1 || (ended && positionals.length > 0));
  return { waiting, given, values, positionals, ended, passed };
}

function tokensOf(options: readonly OptionSpec[], argv: readonly string[]) {
  const config = Object.fromEntries(
    options.map(({ name, short, value }) => [
      name,
      {
        type: value === undefined ? 'boolean' : 'string',
        multiple: true,
        ...(short === undefined ? {} : { short }),
      } as const,
    ]),
  );
  return parseArgs({ args: [...argv], options: config, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/** Cuts what belongs to another program off: all from the second argument on, without a `--` before it. */
function split(
  options: readonly OptionSpec[],
  argv: readonly string[],
  passThrough: boolean,
): { own: readonly string[]; rest: readonly string[] } {
  if (!passThrough) return { own: argv, rest: [] };
  const tokens = tokensOf(options, argv);
  const terminator = tokens.find(({ kind }) => kind === 'option-terminator');
  const second = tokens.filter(({ kind }) => kind === 'positional')[1];
  if (second === undefined) return { own: argv, rest: [] };
  // `exec -- web ls` names the instance behind the dashes; `exec web -- ls` does not.
  const start = terminator !== undefined && terminator.index < second.index ? terminator.index : second.index;
  const first = tokens.find(({ kind }) => kind === 'positional');
  if (first !== undefined && first.index > start)
    return { own: argv.slice(0, first.index + 1), rest: argv.slice(second.index) };
  return { own: argv.slice(0, start), rest: argv.slice(second.index) };
}

function optionValue(option: OptionSpec, rawName: string, value: string | undefined, inline: boolean): string {
  if (option.value === undefined) {
    if (!inline || value === undefined) return 'true';
    if (option.optionalValue === true) return value;
    if (['true', '1', 't'].includes(value.toLowerCase())) return 'true';
    if (['false', '0', 'f'].includes(value.toLowerCase())) return 'false';
    throw new UsageError(`invalid argument "${value}" for "${rawName}": it is a switch`);
  }
  if (value === undefined) throw new UsageError(`flag needs an argument: ${rawName}`);
  return inline && !rawName.startsWith('--') && value.startsWith('=') ? value.slice(1) : value;
}

function unknownOption(rawName: string, word: string): UsageError {
  if (rawName.startsWith('--')) return new UsageError(`unknown flag: ${rawName}`);
  return new UsageError(`unknown shorthand flag: '${rawName.slice(1)}' in ${word}`);
}

/** Throws a `UsageError` when there are too many or too few. */
export function checkCount(spec: Pick<CommandSpec, 'arguments'>, args: readonly string[]): void {
  const expected = spec.arguments ?? [];
  const least = expected.filter(({ optional }) => optional !== true).length;
  const most = expected.at(-1)?.variadic === true ? Number.POSITIVE_INFINITY : expected.length;
  if (args.length < least || args.length > most) throw new UsageError('Invalid number of arguments');
}

function inputOf(
  options: readonly OptionSpec[],
  given: ReadonlyMap<string, readonly string[]>,
  args: readonly string[],
): Input {
  const values = (name: string): readonly string[] => {
    if (!options.some((option) => option.name === name)) throw new Error(`The command has no option --${name}`);
    return given.get(name) ?? [];
  };
  return {
    arguments: args,
    remotes: [],
    values,
    value: (name) => values(name).at(-1),
    flag: (name) => (values(name).at(-1) ?? 'false') !== 'false',
  };
}
