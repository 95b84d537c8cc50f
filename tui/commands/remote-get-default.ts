import { defaultRemoteOf } from '../client/way.ts';
import { printable } from '../output/printable.ts';
import { readSettings } from '../settings/settings.ts';
import type { Context } from './command.ts';

export async function run({ env, terminal }: Context): Promise<void> {
  await terminal.output.write(`${printable(defaultRemoteOf(env, await readSettings(env), false))}\n`);
}
