import { UsageError } from '../arguments/usage-error.ts';
import { hasUnprintable, printableEscapes } from './printable.ts';
import { boxedTable, compactTable, csvTable, markdownTable, type Table } from './table.ts';

export const formats = ['table', 'csv', 'json', 'yaml', 'compact', 'markdown'] as const;

export interface Format {
  readonly name: (typeof formats)[number];
  readonly withHeader: boolean;
}

/** `table`, `csv,header`, `compact,noheader`: csv has no header unless asked for, the others have one. */
export function parseFormat(text: string): Format {
  const [name = '', ...modifiers] = text.split(',');
  const known = formats.find((format) => format === name);
  const wrong = modifiers.find((modifier) => modifier !== 'header' && modifier !== 'noheader');
  if (known === undefined || wrong !== undefined) {
    const allowed = `${formats.join(', ')}, with ",noheader" or ",header" after it`;
    throw new UsageError(`Invalid format "${text}": it is one of ${allowed}`);
  }
  const withHeader = known === 'csv' ? modifiers.includes('header') : !modifiers.includes('noheader');
  return { name: known, withHeader };
}

/** A list in the format asked for: rows of cells for people, records for machines. */
export async function renderList(
  format: Format,
  table: () => Table,
  records: () => readonly unknown[],
): Promise<string> {
  if (format.name === 'json') return toJson(records());
  if (format.name === 'yaml') return await toYaml(records());
  if (format.name === 'csv') return csvTable(table(), format.withHeader);
  if (format.name === 'markdown') return markdownTable(table());
  return format.name === 'table'
    ? await boxedTable(table(), format.withHeader)
    : await compactTable(table(), format.withHeader);
}

/** One line of JSON. Characters that a terminal would act upon are escaped, which reads back the same. */
export function toJson(value: unknown): string {
  return `${printableEscapes(JSON.stringify(value))}\n`;
}

/**
 * What YAML 1.1 (yaml.org/type) has for something else than a text: booleans, signs for keys and values, numbers in their many ways
 * of writing, and dates, which its readers refuse when there is no such day.
 */
const olderValues = [
  /^(?:y|n|yes|no|on|off|=|<<)$/i,
  /^[-+]?(?:0b[01_]+|0x[0-9a-f_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:e[-+]?[0-9]+)?)$/i,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt \t])/,
];

function needsQuotes(text: string): boolean {
  return hasUnprintable(text) || (olderValues.some((pattern) => pattern.test(text)) && !isMoment(text));
}

/** As the server says when something was: that is a moment for all readers. */
function isMoment(text: string): boolean {
  const milliseconds = Date.parse(text);
  return milliseconds >= 0 && text === new Date(milliseconds).toISOString();
}

/**
 * YAML of plain values, safe to print: texts with such characters are double-quoted and escaped. What readers of YAML 1.1 would take
 * for something else than a text (on, no, 1:30) is quoted too.
 */
export async function toYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && needsQuotes(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return printableEscapes(document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }));
}
