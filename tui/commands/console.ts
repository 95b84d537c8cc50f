import { stripVTControlCharacters } from 'node:util';
import { printableLines } from '../output/printable.ts';
import { attachConsole } from '../session/console-session.ts';
import { checkConsoleType } from '../session/console-type.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<number> {
  const [instance = ''] = input.arguments;
  checkConsoleType(input, 'type');
  if (input.flag('show-log')) return await printLog(context, instance);
  return await attachConsole(context, { instance, force: input.flag('force') });
}

/** The console's bytes as they are into a file or pipe; on a terminal, made safe to look at. */
async function printLog(context: Context, instance: string): Promise<number> {
  const { terminal, global } = context;
  const connection = await context.connect();
  const chunks = connection.watch('ConsoleService', 'GetConsoleLog', { instance, project: global.project });
  const decoder = new TextDecoder();
  let shown = false;
  for await (const { output } of chunks) {
    if (output.length === 0) continue;
    shown = true;
    await terminal.output.write(terminal.output.isTty ? readable(decoder.decode(output, { stream: true })) : output);
  }
  if (!shown && terminal.output.isTty) await terminal.output.write('No new messages\n');
  return 0;
}

/** Colours go, what else a terminal would act upon becomes visible. */
function readable(text: string): string {
  return printableLines(stripVTControlCharacters(text).replaceAll('\r\n', '\n').replaceAll('\t', '    '));
}
