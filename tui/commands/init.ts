import { UsageError } from '../arguments/usage-error.ts';
import { createInstance } from '../instances/create.ts';
import { setUp } from '../setup/setup.ts';
import type { CommandContext, Input } from './command.ts';
import { createOptions, setupOptions } from './table-create.ts';

/** With an image it creates an instance of that; without one it sets the server up. */
export async function run(context: CommandContext, input: Input): Promise<void> {
  const isGiven = ({ name }: { readonly name: string }) => input.values(name).length > 0;
  const [image = ''] = input.arguments;
  const [setup, create] = [setupOptions.find(isGiven), createOptions.find(isGiven)];
  if (image !== '' && setup === undefined) {
    await createInstance(context, input, false);
    return;
  }
  if (create !== undefined) {
    throw new UsageError(
      setup === undefined
        ? `--${create.name} is for a new instance: name its image`
        : `--${create.name} is for a new instance, --${setup.name} sets the server up`,
    );
  }
  if (input.arguments.length > 1) throw new UsageError('Invalid number of arguments');
  const [remote = context.global.remote] = input.remotes;
  await setUp(context.on(remote), input);
}
