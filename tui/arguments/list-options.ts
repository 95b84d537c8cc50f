import type { OptionSpec } from '../commands/command.ts';

/** How a list is printed. */
export function formatOption(preset = 'table'): OptionSpec {
  return {
    name: 'format',
    short: 'f',
    value: 'FORMAT',
    doc: `csv, json, table, yaml, compact or markdown, with ",noheader" or ",header" after it (default "${preset}")`,
    complete: ['csv', 'json', 'table', 'yaml', 'compact', 'markdown'],
  };
}

/** For a list whose details have the legend of its columns: `{COLUMNS}`. */
export function columnsOption(): OptionSpec {
  return { name: 'columns', short: 'c', value: 'COLUMNS', doc: 'Columns to show' };
}

export function allProjectsOption(): OptionSpec {
  return { name: 'all-projects', doc: 'Show those of all projects' };
}
