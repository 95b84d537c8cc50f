import { candidates, projectOf } from '../completion/candidates.ts';
import { wordsOfServers } from '../completion/server-words.ts';
import { readSettings } from '../settings/settings.ts';
import type { CommandContext, Input } from './command.ts';

export async function run(context: CommandContext, input: Input): Promise<void> {
  const words = input.arguments;
  const remotes = async () => Object.keys((await readSettings(context.env)).remotes);
  const found = await candidates(words, wordsOfServers(context, remotes, projectOf(words.slice(0, -1))));
  const lines = found === 'files' ? ['files'] : ['words', ...found.map(({ word, doc }) => `${word}\t${doc}`)];
  await context.terminal.output.write(`${lines.join('\n')}\n`);
}
