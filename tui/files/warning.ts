import type { Context } from '../commands/command.ts';
import { printable } from '../output/printable.ts';

/** Something was left out, and the rest goes on. */
export async function printWarning({ terminal }: Context, text: string): Promise<void> {
  const clear = terminal.error.isTty ? '\r\x1b[K' : '';
  await terminal.error.write(`${clear}Warning: ${printable(text)}\n`);
}
