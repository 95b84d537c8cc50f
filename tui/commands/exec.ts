import { UsageError } from '../arguments/usage-error.ts';
import { Failure } from '../client/failure.ts';
import { pairOf } from '../instances/device-options.ts';
import { printable } from '../output/printable.ts';
import type { ExecEnd } from '../session/command-streams.ts';
import { type ExecOptions, runCommand, startDetached } from '../session/exec-session.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<number> {
  const [instance = '', ...command] = input.arguments;
  const { terminal, global, env } = context;
  const term = env['TERM'];
  // What it prints is its name, for a script as well: only where it is started from says whether somebody will type.
  const detach = input.flag('detach');
  const options: ExecOptions = {
    instance,
    command,
    project: global.project,
    environment: { ...(term ? { TERM: term } : {}), ...Object.fromEntries(input.values('env').map(variable)) },
    user: idOf(input, 'user'),
    group: idOf(input, 'group'),
    cwd: input.value('cwd') ?? '',
    interactive: isInteractive(input, terminal.input.isTty && (detach || terminal.output.isTty)),
    withStdin: !input.flag('disable-stdin'),
    duringBoot: input.flag('no-wait'),
  };
  const connection = await context.connect();
  if (detach) {
    const { session, end } = await startDetached(connection, terminal, options);
    if (end === undefined) await terminal.output.write(`${session}\n`);
    else await printEnd(context, end);
    return end?.code ?? 0;
  }
  const end = await runCommand(connection, terminal, options);
  await printEnd(context, end);
  return end.code;
}

/** Says why a command could not be run; nothing when it ran. */
async function printEnd({ terminal }: Context, { code, message }: ExecEnd): Promise<void> {
  if (message === '') return;
  const reason = code === 127 ? 'Command not found' : code === 126 ? 'Command not executable' : undefined;
  const shown = printable(message);
  const line =
    reason === undefined ? shown : shown.toLowerCase().includes(reason.toLowerCase()) ? shown : `${reason}: ${shown}`;
  await terminal.error.write(`Error: ${line}\n`);
}

/** `KEY=VALUE`, or `KEY` for an empty value. */
function variable(text: string): readonly [string, string] {
  return text.includes('=') ? pairOf(text) : [text, ''];
}

function idOf(input: Input, option: 'user' | 'group'): number {
  const text = input.value(option) ?? '0';
  const id = Number(text);
  if (text === '' || !Number.isInteger(id) || id < 0 || id >= 2 ** 32) {
    throw new UsageError(`Invalid --${option} "${text}": it is a number`);
  }
  return id;
}

/** Whether the command gets a terminal: with one on stdin and stdout, unless an option says otherwise. */
function isInteractive(input: Input, onTerminal: boolean): boolean {
  const mode = input.value('mode') ?? 'auto';
  const force = input.flag('force-interactive');
  const forbid = input.flag('force-noninteractive');
  if (force && forbid) throw new UsageError("Can't pass -t and -T at the same time");
  if (mode !== 'auto' && (force || forbid)) throw new UsageError("Can't pass -t or -T at the same time as --mode");
  if (!['auto', 'interactive', 'non-interactive'].includes(mode)) throw new UsageError(`Unknown mode "${mode}"`);
  const disabled = input.flag('disable-stdin');
  if (disabled && (force || mode === 'interactive')) {
    throw new Failure('A terminal cannot go with --disable-stdin');
  }
  if (disabled || forbid || mode === 'non-interactive') return false;
  return force || mode === 'interactive' || onTerminal;
}
