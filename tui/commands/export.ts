import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Failure } from '../client/failure.ts';
import { fileFailure } from '../files/file-failure.ts';
import { TransferProgress } from '../files/transfer-progress.ts';
import { printable } from '../output/printable.ts';
import type { Context, Input } from './command.ts';

const interrupted = 130;

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = '', given] = input.arguments;
  const compression = input.value('compression') ?? '';
  const target = given ?? `${instance}${extensions[compression] ?? '.tar.gz'}`;
  const request = { instance, project: context.global.project, instanceOnly: input.flag('instance-only'), compression };
  const stopping = new AbortController();
  // Until the end: who presses ctrl-c twice leaves nothing either.
  const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) =>
    context.terminal.onSignal(name, () => stopping.abort()),
  );
  try {
    if (target === '-') {
      await receive(context, request, stopping.signal, (data) => context.terminal.output.write(data));
      return;
    }
    await write(target, async (file) => {
      await receive(context, request, stopping.signal, async (data) => await file.writeFile(data));
    });
  } finally {
    for (const off of signals) off();
  }
  if (!context.global.quiet) await context.terminal.output.write(`Backup exported to: ${printable(target)}\n`);
}

/** It has its name when it is whole. */
async function write(target: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const unfinished = `${target}.${randomUUID().slice(0, 8)}.part`;
  try {
    await using file = await opened(unfinished);
    await fill(file);
    await file.sync();
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

const extensions: Readonly<Record<string, string>> = { zstd: '.tar.zst', none: '.tar' };

async function opened(path: string): Promise<FileHandle> {
  return await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw fileFailure('write', path, error);
  });
}

async function receive(
  context: Context,
  request: { instance: string; project: string; instanceOnly: boolean; compression: string },
  signal: AbortSignal,
  write: (data: Uint8Array) => Promise<void>,
): Promise<void> {
  const connection = await context.connect();
  const progress = new TransferProgress(context, `Exporting ${printable(request.instance)}`);
  try {
    const answers = connection.watch('BackupService', 'ExportInstance', request, { signal });
    for await (const { data } of answers) {
      await write(data);
      await progress.add(data.length);
    }
  } catch (error) {
    if (signal.aborted) throw new Failure('', { exitCode: interrupted });
    throw error;
  } finally {
    await progress.clear();
  }
  if (signal.aborted) throw new Failure('', { exitCode: interrupted });
}
