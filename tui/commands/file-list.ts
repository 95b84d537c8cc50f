import type { FileEntry__Output } from '../../proto/gen/yurt/v1/FileEntry.ts';
import { Failure } from '../client/failure.ts';
import { parseLocation } from '../files/location.ts';
import { modeText } from '../files/mode-text.ts';
import { parseFormat, renderList } from '../output/format.ts';
import { minuteOf } from '../output/units.ts';
import type { Context, Input } from './command.ts';

/** They are sorted, and so must all be there. */
const maxEntries = 500_000;

export async function run(context: Context, input: Input): Promise<void> {
  const location = parseLocation(input.arguments[0] ?? '');
  const long = input.flag('long');
  const asked = input.value('format');
  const format = parseFormat(asked ?? 'compact,noheader');
  const entries = await fetch(context, location.instance, location.path);
  entries.sort((left, right) => Buffer.compare(left.name, right.name));
  const cells = long ? longCells : shortCells;
  await context.terminal.output.write(
    await renderList(
      format,
      () => ({
        header: Object.keys(cells),
        rows: entries.map((entry) => Object.values(cells).map((cell) => cell(entry))),
      }),
      () => entries.map(record),
    ),
  );
}

async function fetch(context: Context, instance: string, path: Buffer): Promise<FileEntry__Output[]> {
  const connection = await context.connect();
  const request = { instance, project: context.global.project, path };
  const all: FileEntry__Output[] = [];
  for await (const { entries } of connection.watch('FileService', 'ListFiles', request)) {
    all.push(...entries);
    if (all.length > maxEntries) throw new Failure(`There are more than ${maxEntries} files`);
  }
  return all;
}

type Cells = Readonly<Record<string, (entry: FileEntry__Output) => string>>;

const shortCells: Cells = { NAME: ({ name }) => name.toString() };

const longCells: Cells = {
  MODE: ({ kind, mode }) => modeText(kind, mode),
  UID: ({ uid }) => String(uid),
  GID: ({ gid }) => String(gid),
  SIZE: ({ sizeBytes }) => String(sizeBytes),
  MODIFIED: ({ modifiedSeconds }) => minuteOf(new Date(modifiedSeconds * 1000)),
  NAME: ({ name, kind, target }) => (kind === 'symlink' ? `${name} -> ${target}` : name.toString()),
};

function record({ name, kind, mode, uid, gid, sizeBytes, modifiedSeconds, target }: FileEntry__Output) {
  const text = name.toString();
  return {
    name: text,
    // A name that is no UTF-8 has a second form that is.
    ...(Buffer.from(text).equals(name) ? {} : { name_base64: name.toString('base64') }),
    type: kind,
    mode: mode.toString(8).padStart(4, '0'),
    ...{ uid, gid, size: sizeBytes },
    modified_at: new Date(modifiedSeconds * 1000).toISOString(),
    ...(kind === 'symlink' ? { target: target.toString() } : {}),
  };
}
