import { candidates, projectOf } from '../completion/candidates.ts';
import { serverNames } from '../completion/server-names.ts';
import { readSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const words = input.arguments;
  const project = projectOf(words.slice(0, -1)) || context.global.project;
  const names = serverNames(() => context.connect(), project);
  const remotes = async () => Object.keys((await readSettings(context.env)).remotes);
  const found = await candidates(words, (kind, place) => (kind === 'remotes' ? remotes() : names(kind, place)));
  const lines = found === 'files' ? ['files'] : ['words', ...found.map(({ word, doc }) => `${word}\t${doc}`)];
  await context.terminal.output.write(`${lines.join('\n')}\n`);
}
