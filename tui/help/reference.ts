import { globalOptions } from '../arguments/global-options.ts';
import type { CommandSpec, OptionSpec } from '../commands/command.ts';
import { commands } from '../commands/table.ts';
import { detailsOf, optionSyntax, usageOf } from './text.ts';

/** `docs/reference/commands.md`: all commands, from the table that the program runs on. */
export function commandReference(): string {
  const listed = commands
    .filter(({ hidden }) => hidden !== true)
    .sort((a, b) => (a.path.join(' ') < b.path.join(' ') ? -1 : 1));
  return [
    '# Commands\n',
    '<!-- Written by `bin/node tui/write-reference.ts` from the command table; a test holds it fresh. -->\n',
    'Options may stand before, between and after arguments; `--` ends them. Every command also takes the global ones:\n',
    optionTable(globalOptions),
    exitCodes,
    environment,
    ...listed.map(section),
  ].join('\n');
}

const exitCodes = `## Exit codes

${markdownTable(
  ['code', 'meaning'],
  [
    ['0', 'Done'],
    ['1', 'Failed. One line `Error: …` on stderr says why, after the help when the command line itself is wrong'],
    ['130', 'Ended by Ctrl-C. The operation was canceled on the server'],
    ['141', 'Nobody reads the output any more, as in `yurt list \\| head -1`'],
    ['126', '`exec`, `shell`: the command cannot be executed'],
    ['127', '`exec`, `shell`: there is no such command'],
    ['129', '`exec`, `shell`, `console`: the terminal went away'],
    ['other', "`exec`, `shell`: the command's own; 128 and the signal's number when a signal ended it"],
  ],
)}`;

const environment = `## Environment

${markdownTable(
  ['variable', 'meaning'],
  [
    ['`YURT_SOCKET`', "The server's socket"],
    [
      '`YURT_DIR`',
      "Without `YURT_SOCKET`: the server's directory, with `unix.socket` in it. Without both: `/run/yurt/unix.socket`",
    ],
    ['`YURT_REMOTE`', 'The server that commands are for which name none'],
    [
      '`YURT_CONF`, `XDG_CONFIG_HOME`',
      'Where the settings are: `$YURT_CONF/`, `$XDG_CONFIG_HOME/yurt/` or `~/.config/yurt/`',
    ],
    ['`VISUAL`, `EDITOR`', 'What `edit` commands open a text in'],
    ['`YURT_THEME`, `NO_COLOR`, `COLORTERM`', 'Colours of the screen'],
    ['`TERM`', 'Passed to commands of `yurt exec` and `yurt shell`'],
    ['`XDG_CACHE_HOME`', 'Compiled code of this program is kept in `yurt/` there, or in `~/.cache/yurt/`'],
  ],
)}`;

function section(spec: CommandSpec): string {
  const { path, aliases = [], summary, options = [], examples = [] } = spec;
  const parts = [`## yurt ${path.join(' ')}\n`, `${summary}.\n`, `\`\`\`\n${usageOf(spec)}\n\`\`\`\n`];
  const details = detailsOf(spec);
  if (details !== undefined) parts.push(`${markdown(details)}\n`);
  if (aliases.length > 0) parts.push(`Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.\n`);
  if (options.length > 0) parts.push(optionTable(options));
  if (examples.length > 0) {
    parts.push(`${examples.map(([command, meaning]) => `- \`${command}\`: ${markdown(meaning)}`).join('\n')}\n`);
  }
  return parts.join('\n');
}

function optionTable(options: readonly OptionSpec[]): string {
  const rows = options.map((option) => {
    const meaning = option.doc + (option.repeatable === true ? ' (repeatable)' : '');
    return [`\`${optionSyntax(option).trim()}\``, markdown(meaning).replaceAll('|', '\\|')];
  });
  return markdownTable(['option', 'meaning'], rows);
}

/** Columns line up, as the formatter of this repository wants it. */
function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, index) => Math.max(title.length, ...rows.map((row) => (row[index] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |\n`;
  return line(header) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}

/** Texts of the table are plain: what Markdown would take for its own is escaped. */
function markdown(text: string): string {
  return text.replace(/[*_<>[\]]/g, (character) => `\\${character}`);
}
