import { clientKeyPair } from '../settings/client-certificate.ts';
import type { Context } from './command.ts';

export async function run({ env, terminal }: Context): Promise<void> {
  await terminal.output.write((await clientKeyPair(env)).certificatePem);
}
