import { Failure } from '../client/failure.ts';
import { toYaml } from '../output/format.ts';
import { printableLines } from '../output/printable.ts';
import { readAll } from '../terminal/document.ts';
import { editText } from '../terminal/editor.ts';
import { waitForEnter } from '../terminal/prompt.ts';
import { parseRights } from '../trust/document.ts';
import { clientRecord } from '../trust/record.ts';
import type { Context, Input } from './command.ts';

/** An editor that is none must not go on for ever. */
const maxRounds = 100;

export async function run(context: Context, input: Input): Promise<void> {
  const [word = ''] = input.arguments;
  const connection = await context.connect();
  const { client } = await connection.call('TrustService', 'GetTrustedClient', { client: word });
  if (client === null) throw new Failure(`The server answered without client "${word}"`);
  const { fingerprint, etag } = client;
  const write = async (text: string) => {
    await connection.call('TrustService', 'UpdateTrustedClient', {
      ...{ client: fingerprint, etag, rights: await parseRights(text) },
    });
  };
  if (!context.terminal.input.isTty) {
    await write(await readAll(context.terminal.input));
    return;
  }
  const original = await toYaml(clientRecord(client));
  let text = original;
  for (let round = 1; round <= maxRounds; round += 1) {
    text = await editText(context, text);
    if (text === original) return;
    try {
      await write(text);
      return;
    } catch (error) {
      if (!(error instanceof Failure) || Failure.is(error, 'conflict')) throw error;
      await context.terminal.error.write(`Config parsing error: ${printableLines(error.message)}\n`);
      await waitForEnter(context.terminal, 'Press enter to open the editor again or ctrl+c to abort change');
    }
  }
}
