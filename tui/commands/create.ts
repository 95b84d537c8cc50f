import { createInstance } from '../instances/create.ts';
import type { CommandContext, Input } from './command.ts';

export async function run(context: CommandContext, input: Input): Promise<void> {
  await createInstance(context, input, false);
}
