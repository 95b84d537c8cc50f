import { statSync } from 'node:fs';
import type { PushFilesStart } from '../../proto/gen/yurt/v1/PushFilesStart.ts';
import { readTree } from '../../trees/tree-reader.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { followOption, idOption, modeOption } from '../files/file-options.ts';
import { namesDirectory, parseLocation } from '../files/location.ts';
import { pushRecords } from '../files/push.ts';
import { newEntry, recordsOf } from '../files/single-file.ts';
import type { Context, Input } from './command.ts';

const stdinMode = 0o644;

export async function run(context: Context, input: Input): Promise<void> {
  const sources = input.arguments.slice(0, -1);
  const target = parseLocation(input.arguments.at(-1) ?? '');
  if (sources.length === 0) throw new UsageError('Invalid number of arguments');
  const archive = input.flag('archive');
  const recursive = input.flag('recursive') || archive;
  const [uid, gid, mode] = [idOption(input, 'uid'), idOption(input, 'gid'), modeOption(input)];
  const start: PushFilesStart = {
    into: sources.length > 1 || recursive ? 'PUSH_INTO_DIRECTORY' : 'PUSH_INTO_UNSPECIFIED',
    parents: input.flag('create-dirs'),
    times: archive,
    existing: archive ? 'EXISTING_FILES_SET' : 'EXISTING_FILES_UNSPECIFIED',
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode }),
  };
  if (sources.includes('-')) {
    if (sources.length > 1 || namesDirectory(target.path)) {
      throw new UsageError('"-" is one source, and goes to one file that is named');
    }
    const records = recordsOf(newEntry('file', stdinMode), context.terminal.input.stream());
    await pushRecords(context, target, { ...start, into: 'PUSH_INTO_EXACTLY' }, records);
    return;
  }
  const follow = followOption(input, recursive ? 'never' : 'arguments');
  const paths = sources.map((source) => Buffer.from(withoutSlashes(source)));
  await pushRecords(context, target, start, readTree(paths, { follow, recursive }), sizeOf(sources));
}

/** `dir/` is the directory itself, as `dir`; `./` and `dir/.` are what lies in it. */
function withoutSlashes(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}

/** Bytes to send, when that takes no walk. */
function sizeOf(sources: readonly string[]): number | undefined {
  const [source] = sources;
  const status = sources.length === 1 && source !== undefined ? statSync(source, { throwIfNoEntry: false }) : undefined;
  return status?.isFile() ? status.size : undefined;
}
