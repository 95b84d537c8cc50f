import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { waitFor } from '../client/operation.ts';
import type { CommandContext, Context, Input, RemoteContext } from '../commands/command.ts';
import { buildMissingImage } from '../images/build-missing.ts';
import { printable } from '../output/printable.ts';
import { say } from '../output/say.ts';
import { readDocument } from '../terminal/document.ts';
import { type NewInstance, newInstance } from './create-request.ts';

/** Creates an instance, and starts it; an image that only a recipe has is built first. Resolves to the name. */
export async function createInstance(commands: CommandContext, input: Input, start: boolean): Promise<string> {
  const context = targetOf(commands, input);
  // Loading what talks to the server takes about as long as waiting for a silent pipe: both at once.
  const [connection, document] = await Promise.all([context.connect(), readDocument(context.terminal.input)]);
  const wanted = await newInstance(context, connection, input, document);
  const request = { ...wanted, image: await imageHere(commands, input, context) };
  await say(context, request.name === '' ? 'Creating the instance' : `Creating ${request.name}`);
  try {
    return await create(context, connection, request, start);
  } catch (error) {
    if (!Failure.is(error, 'not-found') || !(await buildMissingImage(context, connection, request.image))) throw error;
    return await create(context, connection, request, start);
  }
}

/** The server that the instance is to be on. */
export function targetOf(
  commands: CommandContext,
  { remotes: [, remote = commands.global.remote] }: Input,
): RemoteContext {
  return commands.on(remote);
}

/** What the image is called on the server of the instance, where it is copied to if it is one of another server. */
async function imageHere(commands: CommandContext, input: Input, target: RemoteContext): Promise<string> {
  const [image = ''] = input.arguments;
  const [from = target.global.remote] = input.remotes;
  if (from === target.global.remote) return image;
  const { copyImage } = await import('../transfers/image-between.ts');
  const targetProject = target.global.project;
  return await copyImage({
    source: commands.on(from),
    image,
    target,
    targetProject,
    aliases: () => [],
    mode: undefined,
  });
}

async function create(context: Context, connection: Connection, request: NewInstance, start: boolean): Promise<string> {
  const { operation, name } = await connection.call('InstanceService', 'CreateInstance', {
    ...request,
    profiles: [...request.profiles],
    start,
  });
  if (request.name === '') await context.terminal.output.write(`Instance name is: ${printable(name)}\n`);
  let starting = false;
  await waitFor(context, connection, operation, {
    onChange: async ({ progress, status }) => {
      const reached = progress?.stage.startsWith('Starting') === true || status === 'OPERATION_STATUS_SUCCEEDED';
      if (!start || starting || !reached) return;
      starting = true;
      await say(context, `Starting ${name}`);
    },
  });
  return name;
}
