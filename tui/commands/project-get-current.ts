import { printable } from '../output/printable.ts';
import type { Context } from './command.ts';

export async function run({ global, terminal }: Context): Promise<void> {
  await terminal.output.write(`${printable(global.project === '' ? 'default' : global.project)}\n`);
}
