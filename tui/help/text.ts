import { globalOptions } from '../arguments/global-options.ts';
import type { CommandSpec, OptionSpec } from '../commands/command.ts';
import { membersOf } from '../commands/find.ts';
import { groups } from '../commands/table.ts';
import { columnLegend } from './column-legend.ts';

/** `yurt launch <image> [<name>] [flags]`. */
export function usageOf({ path, arguments: args = [], passThrough }: CommandSpec): string {
  const words = args.map(({ name, optional, variadic }, index) => {
    const last = passThrough === true && index === args.length - 1;
    if (last) return '[flags] [--] <command line>';
    const word = `<${name}>${variadic === true ? '...' : ''}`;
    return optional === true ? `[${word}]` : word;
  });
  return ['yurt', ...path, ...words, ...(passThrough === true ? [] : ['[flags]'])].join(' ');
}

export function commandHelp(spec: CommandSpec): string {
  const { path, aliases = [], summary, options = [], examples = [] } = spec;
  const sections = [`${summary}\n`, `Usage:\n  ${usageOf(spec)}\n`];
  const details = detailsOf(spec);
  if (details !== undefined) sections.push(`${details}\n`);
  if (aliases.length > 0) sections.push(`Aliases:\n  ${[path.at(-1), ...aliases].join(', ')}\n`);
  if (examples.length > 0) {
    sections.push(`Examples:\n${examples.map(([command, meaning]) => `  ${command}\n      ${meaning}\n`).join('')}`);
  }
  if (options.length > 0) sections.push(`Flags:\n${optionLines(options)}`);
  sections.push(`Global flags:\n${optionLines(globalOptions)}`);
  return sections.join('\n');
}

export function groupHelp(group: string): string {
  return [
    `${groups[group]}\n`,
    `Usage:\n  yurt ${group} [command]\n`,
    `Commands:\n${rows(membersOf(group).map(({ word, summary }) => [word, summary]))}`,
    `Use "yurt ${group} [command] --help" for more about a command.\n`,
  ].join('\n');
}

export function programHelp(): string {
  const entries = membersOf(undefined)
    .map(({ word, summary }) => [word, summary] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    'System containers: whole Linux systems, light as containers\n',
    'Usage:\n  yurt [command]\n',
    `Commands:\n${rows(entries)}`,
    `Global flags:\n${optionLines(globalOptions)}`,
    'Use "yurt [command] --help" for more about a command.\n',
  ].join('\n');
}

/** The details of a command with the legend of its columns. */
export function detailsOf(spec: CommandSpec): string | undefined {
  return spec.details?.replace('{COLUMNS}', () => columnLegend(spec.path));
}

/** `-f, --format FORMAT`. */
export function optionSyntax({ name, short, value, optionalValue }: OptionSpec): string {
  const long = `--${name}${value === undefined ? '' : ` ${value}`}${optionalValue === true ? '[=TYPE]' : ''}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

function optionLines(options: readonly OptionSpec[]): string {
  return rows(
    options.map((option) => [optionSyntax(option), option.doc + (option.repeatable === true ? ' (repeatable)' : '')]),
  );
}

function rows(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([left]) => left.length));
  return entries.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}
