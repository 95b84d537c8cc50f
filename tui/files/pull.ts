import type { FollowLinks } from '../../proto/gen/yurt/v1/FollowLinks.ts';
import { parseEntry } from '../../proto/trees/entry.ts';
import { offsetBytes, RecordParser, type TreeRecord } from '../../proto/trees/record.ts';
import { TreeFault } from '../../proto/trees/tree-fault.ts';
import type { WritePolicy } from '../../proto/trees/write-policy.ts';
import { splitPath } from '../../trees/directory.ts';
import { TreeWriter } from '../../trees/tree-writer.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import type { TerminalOutput } from '../terminal/terminal.ts';
import type { FollowMode } from './file-options.ts';
import type { Location } from './location.ts';
import { TransferProgress } from './transfer-progress.ts';
import { printWarning } from './warning.ts';

export interface PullOptions {
  readonly recursive: boolean;
  readonly follow: FollowMode;
}

/** What takes records. */
interface Sink {
  accept(record: TreeRecord): Promise<void> | void;
  finish(): Promise<void> | void;
  abort(): void;
}

const followLinks: Readonly<Record<FollowMode, FollowLinks>> = {
  never: 'FOLLOW_LINKS_UNSPECIFIED',
  arguments: 'FOLLOW_LINKS_ARGUMENTS',
  always: 'FOLLOW_LINKS_ALWAYS',
};
const interrupted = 130;

/** Writes trees of an instance below `target`, and nowhere else, whatever the instance says. */
export async function pullTo(
  context: Context,
  sources: readonly [Location, ...Location[]],
  target: Buffer,
  policy: WritePolicy,
  options: PullOptions,
): Promise<void> {
  const named = sources.map(({ path }) => splitPath(path).name);
  // What lies in a directory has names that nobody can expect.
  const names = named.every((name) => name !== undefined) ? named : undefined;
  const warnings: string[] = [];
  const writer = new TreeWriter(target, policy, (text) => void warnings.push(text), { names });
  await pull(context, sources, options, writer, async () => {
    for (const text of warnings.splice(0)) await printWarning(context, text);
  });
}

/** Writes the content of files to `output`, one after the other. */
export async function pullContent(
  context: Context,
  sources: readonly [Location, ...Location[]],
  output: TerminalOutput,
): Promise<void> {
  const sink = new ContentSink(output);
  await pull(context, sources, { recursive: false, follow: 'arguments' }, sink, async () => {});
}

async function pull(
  context: Context,
  sources: readonly [Location, ...Location[]],
  { recursive, follow }: PullOptions,
  sink: Sink,
  afterChunk: () => Promise<void>,
): Promise<void> {
  const connection = await context.connect();
  const [{ instance, shown }] = sources;
  const stopping = new AbortController();
  const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) =>
    context.terminal.onSignal(name, () => stopping.abort()),
  );
  const progress = new TransferProgress(context, `Pulling ${shown}`);
  const parser = new RecordParser();
  try {
    const request = {
      ...{ instance, project: context.global.project, recursive },
      paths: sources.map(({ path }) => path),
      follow: followLinks[follow],
    };
    const answers = connection.watch('FileService', 'PullFiles', request, { signal: stopping.signal });
    for await (const { records } of answers) {
      for (const record of parser.push(records)) {
        if (record.type === 'entry' && sources.length === 1 && !recursive)
          progress.expect(parseEntry(record.payload).size);
        const writing = sink.accept(record);
        if (writing !== undefined) await writing;
      }
      await progress.add(records.length);
      await afterChunk();
    }
    if (parser.inRecord) throw new TreeFault('EPROTO', 'The server ended in the middle of a record');
    await sink.finish();
    await afterChunk();
  } catch (error) {
    sink.abort();
    if (stopping.signal.aborted) throw new Failure('', { exitCode: interrupted });
    throw error instanceof TreeFault ? new Failure(error.message, { cause: error }) : error;
  } finally {
    for (const off of signals) off();
    await progress.clear();
  }
}

/** Bytes of a hole in one write. */
const zeros = Buffer.alloc(64 * 1024);

class ContentSink implements Sink {
  readonly #output: TerminalOutput;
  #position: number | undefined;

  constructor(output: TerminalOutput) {
    this.#output = output;
  }

  async accept({ type, payload }: TreeRecord): Promise<void> {
    if (type === 'entry') {
      const { kind } = parseEntry(payload);
      if (kind !== 'file' || this.#position !== undefined) throw new TreeFault('EPROTO', 'The server sent no file');
      this.#position = 0;
    } else if (type === 'data') {
      await this.#fillTo(offsetOf(payload));
      const data = payload.subarray(offsetBytes);
      this.#position = (this.#position ?? 0) + data.length;
      await this.#output.write(data);
    } else if (type === 'end') {
      await this.#fillTo(offsetOf(payload));
      this.#position = undefined;
    }
  }

  finish(): void {
    if (this.#position !== undefined) throw new TreeFault('EPROTO', 'The server ended in the middle of a file');
  }

  abort(): void {}

  async #fillTo(offset: number): Promise<void> {
    const position = this.#position;
    if (position === undefined || offset < position) throw new TreeFault('EPROTO', 'The server sent data out of order');
    for (let at = position; at < offset; at += zeros.length) {
      await this.#output.write(zeros.subarray(0, Math.min(zeros.length, offset - at)));
    }
    this.#position = offset;
  }
}

function offsetOf(payload: Buffer): number {
  const offset = payload.length < offsetBytes ? Number.NaN : Number(payload.readBigUInt64BE(0));
  if (!Number.isSafeInteger(offset)) throw new TreeFault('EPROTO', 'The server sent a malformed length');
  return offset;
}
