import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Failure } from '../client/failure.ts';
import { fileFailure } from '../files/file-failure.ts';
import { TransferProgress } from '../files/transfer-progress.ts';
import { printWarning } from '../files/warning.ts';
import { deviceOptions } from '../instances/device-options.ts';
import { printable } from '../output/printable.ts';
import type { Context, Input } from './command.ts';

/** Bytes in one message. */
const chunkBytes = 256 * 1024;
/** Chunks between two looks at what the server says. */
const chunksPerTurn = 16;

export async function run(context: Context, input: Input): Promise<void> {
  const [path = '', name = ''] = input.arguments;
  const start = {
    ...{ project: context.global.project, name, pool: input.value('storage') ?? '' },
    devices: deviceOptions(input.values('device')),
  };
  const connection = await context.connect();
  const progress = new TransferProgress(context, 'Importing');
  const source: Readable =
    path === '-' ? context.terminal.input.stream() : createReadStream(path, { highWaterMark: chunkBytes });
  const size = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false })?.size;
  if (size !== undefined) progress.expect(size);
  const call = connection.duplex('BackupService', 'ImportInstance');
  let over = false;
  const answer = first(call.messages).finally(() => (over = true));
  answer.catch(() => {});
  const send = async () => {
    let count = 0;
    call.send({ start });
    for await (const chunk of source) {
      const data = chunk as Buffer; // a stream without encoding yields bytes
      if (over) return;
      if (!call.send({ data })) await call.drained();
      await progress.add(data.length);
      if (++count % chunksPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    call.end();
  };
  try {
    const imported = await Promise.race([answer, send().then(() => answer)]);
    await progress.clear();
    for (const warning of imported.warnings) await printWarning(context, warning);
    if (!context.global.quiet) {
      await context.terminal.output.write(`Instance imported as: ${printable(imported.name)}\n`);
    }
  } catch (error) {
    const unread = error instanceof Error && 'syscall' in error && 'code' in error;
    throw unread ? fileFailure('read', path, error) : error;
  } finally {
    source.destroy();
    call.cancel();
    await progress.clear();
  }
}

async function first<Message>(messages: AsyncIterable<Message>): Promise<Message> {
  for await (const message of messages) return message;
  throw new Failure('The server ended a call without an answer');
}
