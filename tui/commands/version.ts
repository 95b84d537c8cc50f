import { Failure } from '../client/failure.ts';
import { printable } from '../output/printable.ts';
import { programVersion } from '../version.ts';
import type { Context } from './command.ts';

export async function run(context: Context): Promise<void> {
  const server = await serverVersion(context);
  await context.terminal.output.write(
    `Client version: ${await programVersion()}\nServer version: ${printable(server)}\n`,
  );
}

async function serverVersion(context: Context): Promise<string> {
  try {
    const { server } = await (await context.connect()).call('ServerService', 'GetServer', {});
    return server?.version || 'unknown';
  } catch (error) {
    if (Failure.is(error, 'unavailable')) return 'unreachable';
    throw error;
  }
}
