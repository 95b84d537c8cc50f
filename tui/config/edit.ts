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
  await editUntilRight(context, await textOf(reading, subject), {
    save: async (text) => {
      const document = await parseDocument(text, 'The document');
      await subject.write(contentOf(document, reading.content), reading.etag);
    },
    afterConflict: async (text) => {
      reading = await subject.read();
      return withTheirs(text, await toYaml(reading.record(false)));
    },
  });
}

/** What an edited text is for. */
export interface EditedText {
  /** A `Failure` opens the editor again. */
  save(text: string): Promise<void>;
  /** Reads again what somebody else changed; returns the user's text, with that above it where the text has comments. */
  afterConflict(text: string): Promise<string>;
  /** What the editor knows the language by; YAML when absent. */
  readonly fileName?: 'template';
}

/** Opens an editor on a text until it can be saved. A text that was not changed is not saved. */
export async function editUntilRight(context: Context, original: string, edited: EditedText): Promise<void> {
  let text = original;
  for (let round = 1; round <= maxRounds; round += 1) {
    text = await editText(context, text, edited.fileName);
    if (text === original) return;
    try {
      await edited.save(text);
      return;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await context.terminal.error.write(`Config parsing error: ${printableLines(error.message)}\n`);
      if (Failure.is(error, 'conflict')) text = await edited.afterConflict(text);
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
export function withTheirs(text: string, now: string): string {
  const theirs = now.trimEnd().split('\n');
  const own = text.split('\n').filter((line) => !line.startsWith('#|'));
  return [
    '#| Somebody else changed it in the meantime. It is now:',
    ...theirs.map((line) => `#| ${line}`),
    '#| Saving writes the text below instead.',
    ...own,
  ].join('\n');
}
