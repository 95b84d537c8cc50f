import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { toYaml } from '../output/format.ts';
import { printableLines } from '../output/printable.ts';
import { readAll } from '../terminal/document.ts';
import { editText } from '../terminal/editor.ts';
import { waitForEnter } from '../terminal/prompt.ts';
import { parseDocument } from './document.ts';
import { contentOf, type Reading, type Subject } from './subject.ts';

/** How often a text that is wrong is given back to the editor: an editor that is none must not go on for ever. */
const maxRounds = 100;

/**
 * Lets the user edit the whole configuration as YAML: in an editor on a terminal, otherwise from stdin. What somebody
 * else changed meanwhile is never overwritten unseen: the editor opens again with that change above the user's text.
 */
export async function edit(context: Context, subject: Subject): Promise<void> {
  let reading = await subject.read();
  if (!context.terminal.input.isTty) {
    const text = await readAll(context.terminal.input);
    if (text.trim() === '') throw new Failure('There is no YAML document on stdin, and no terminal to edit on');
    await subject.write(contentOf(await parseDocument(text, 'The document on stdin'), reading.content), reading.etag);
    return;
  }
  const original = await textOf(reading, subject);
  let text = original;
  for (let round = 1; round <= maxRounds; round += 1) {
    text = await editText(context, text);
    if (text === original) return;
    try {
      const document = await parseDocument(text, 'The document');
      await subject.write(contentOf(document, reading.content), reading.etag);
      return;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await context.terminal.error.write(`Config parsing error: ${printableLines(error.message)}\n`);
      if (Failure.is(error, 'conflict')) {
        reading = await subject.read();
        text = await withTheirs(text, reading);
      }
      await waitForEnter(context.terminal, 'Press enter to open the editor again or ctrl+c to abort change');
    }
  }
  throw new Failure(`The document is still wrong after ${maxRounds} attempts`);
}

async function textOf(reading: Reading, { label }: Subject): Promise<string> {
  const head = `### The configuration of ${label}, as YAML.
### Lines that begin with # are left out. Name, state and dates can be seen, not changed.
`;
  return `${printableLines(head)}\n${await toYaml(reading.record(false))}`;
}

/** Above the user's text, as comments: what the object is now. */
async function withTheirs(text: string, reading: Reading): Promise<string> {
  const theirs = (await toYaml(reading.record(false))).trimEnd().split('\n');
  const own = text.split('\n').filter((line) => !line.startsWith('#|'));
  return [
    '#| Somebody else changed it in the meantime. It is now:',
    ...theirs.map((line) => `#| ${line}`),
    '#| Saving writes the text below instead.',
    ...own,
  ].join('\n');
}
