import { createInstance } from '../instances/create.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await createInstance(context, input, false);
}
