import type { PushFilesStart } from '../../proto/gen/yurt/v1/PushFilesStart.ts';
import { RecordParser } from '../../proto/trees/record.ts';
import { TreeFault } from '../../proto/trees/tree-fault.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import type { Location } from './location.ts';
import { TransferProgress } from './transfer-progress.ts';
import { printWarning } from './warning.ts';

/** Chunks between two looks at what the server says. */
const chunksPerTurn = 16;

/** Sends records to a target; resolves when the instance has written them. */
export async function pushRecords(
  context: Context,
  target: Location,
  start: PushFilesStart,
  records: Iterable<Buffer> | AsyncIterable<Buffer>,
  totalBytes?: number,
): Promise<void> {
  const connection = await context.connect();
  const call = connection.duplex('FileService', 'PushFiles');
  const progress = new TransferProgress(context, `Pushing ${target.shown}`);
  if (totalBytes !== undefined) progress.expect(totalBytes);
  let over = false;
  const answer = receive(context, call.messages).finally(() => (over = true));
  answer.catch(() => {});
  const send = async () => {
    const { instance, path } = target;
    call.send({ start: { ...start, instance, project: context.global.project, target: path } });
    let count = 0;
    for await (const chunk of records) {
      if (over) return;
      if (!call.send({ records: chunk })) await call.drained();
      await progress.add(chunk.length);
      if (++count % chunksPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    call.end();
  };
  try {
    await Promise.race([answer, send().then(() => answer)]);
  } catch (error) {
    throw error instanceof TreeFault ? new Failure(error.message, { cause: error }) : error;
  } finally {
    call.cancel();
    await progress.clear();
  }
}

async function receive(context: Context, messages: AsyncIterable<{ records: Buffer }>): Promise<void> {
  const parser = new RecordParser();
  for await (const { records } of messages) {
    for (const { type, payload } of parser.push(records)) {
      if (type === 'warning') await printWarning(context, payload.toString());
    }
  }
}
