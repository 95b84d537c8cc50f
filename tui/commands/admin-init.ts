import { setUp } from '../setup/setup.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await setUp(context, input);
}
