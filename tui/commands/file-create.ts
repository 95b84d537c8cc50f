import type { Entry } from '../../proto/trees/entry.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { idOption, modeOption } from '../files/file-options.ts';
import { parseLocation } from '../files/location.ts';
import { pushRecords } from '../files/push.ts';
import { newEntry, recordsOf } from '../files/single-file.ts';
import type { Context, Input } from './command.ts';

const presetModes = { file: 0o644, directory: 0o750, symlink: 0o777 };

export async function run(context: Context, input: Input): Promise<void> {
  const [text = '', linkTarget] = input.arguments;
  const kind = kindOf(input, text);
  if ((kind === 'symlink') !== (linkTarget !== undefined)) {
    throw new UsageError('A symbolic link, and nothing else, has a target: INSTANCE/PATH TARGET --type=symlink');
  }
  const target = parseLocation(text.length > 1 ? text.replace(/\/+$/, '') : text);
  const [uid, gid, mode] = [idOption(input, 'uid'), idOption(input, 'gid'), modeOption(input)];
  const entry = newEntry(kind, mode?.value ?? presetModes[kind], {
    ...(linkTarget === undefined ? {} : { target: Buffer.from(linkTarget) }),
  });
  await pushRecords(
    context,
    target,
    {
      into: 'PUSH_INTO_EXACTLY',
      parents: input.flag('create-dirs'),
      existing: input.flag('force') ? 'EXISTING_FILES_SET' : 'EXISTING_FILES_REFUSE',
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    },
    recordsOf(entry),
  );
}

/** `--type`; a path that ends in "/" is a directory. */
function kindOf(input: Input, path: string): Exclude<Entry['kind'], 'hardlink'> {
  const type = input.value('type') ?? (path.endsWith('/') ? 'directory' : 'file');
  if (type === 'file' || type === 'directory' || type === 'symlink') return type;
  throw new UsageError(`Unknown --type "${type}": it is file, directory or symlink`);
}
