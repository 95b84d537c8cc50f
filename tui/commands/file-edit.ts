import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLocation } from '../files/location.ts';
import { pullTo } from '../files/pull.ts';
import { pushRecords } from '../files/push.ts';
import { newEntry, recordsOf } from '../files/single-file.ts';
import { runEditor } from '../terminal/editor.ts';
import type { Context, Input } from './command.ts';

const newMode = 0o644;

/** The file keeps owner and mode: it only gets another content. */
export async function run(context: Context, input: Input): Promise<void> {
  const location = parseLocation(input.arguments[0] ?? '');
  const write = (content: AsyncIterable<Buffer> | Iterable<Buffer>) =>
    pushRecords(context, location, { into: 'PUSH_INTO_EXACTLY' }, recordsOf(newEntry('file', newMode), content));
  if (!context.terminal.input.isTty) {
    await write(context.terminal.input.stream());
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), 'yurt-edit-'));
  try {
    const file = join(directory, `file${extensionOf(location.shown)}`);
    await pullTo(context, [location], Buffer.from(file), editPolicy, { recursive: false, follow: 'arguments' });
    const before = await readFile(file);
    await runEditor(context, file);
    const after = await readFile(file);
    if (!after.equals(before)) await write([after]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** By which editors know what they edit. */
function extensionOf(path: string): string {
  return /\.[A-Za-z0-9]{1,16}$/.exec(path)?.[0] ?? '';
}

const editPolicy = {
  ...({ into: 'exactly', existing: 'set', attributes: 'user' } as const),
  ...{ parents: false, owners: false, specialBits: false, times: false, followLinks: false, mode: 0o600 },
};
