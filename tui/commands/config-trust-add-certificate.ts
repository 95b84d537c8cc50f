import { readFile } from 'node:fs/promises';
import { fileFailure } from '../files/file-failure.ts';
import { say } from '../output/say.ts';
import { readAll } from '../terminal/document.ts';
import { rightsOf } from '../trust/rights.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [path = ''] = input.arguments;
  const certificate = path === '-' ? await readAll(context.terminal.input) : await read(path);
  const name = input.value('name') ?? path.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
  const request = { rights: rightsOf(name, input), certificate };
  const { client } = await (await context.connect()).call('TrustService', 'AddTrustedClient', request);
  await say(context, `Client ${client?.name ?? name} is trusted: ${client?.fingerprint ?? ''}`);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileFailure('read', path, error);
  }
}
