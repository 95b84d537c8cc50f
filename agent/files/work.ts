import { lstatSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import type { FilesRequest } from '../../proto/agent/files-request.ts';
import { encodeRecord, RecordParser } from '../../proto/trees/record.ts';
import { about, TreeFault } from '../../proto/trees/tree-fault.ts';
import { Directory, splitPath } from '../../trees/directory.ts';
import { removeTree } from '../../trees/remove-tree.ts';
import { readTree } from '../../trees/tree-reader.ts';
import { TreeWriter } from '../../trees/tree-writer.ts';
import type { MemoryRoom } from './memory-room.ts';

/** Warnings of one push; further ones are left out. */
const maxWarnings = 1_000;

/**
 * Does what a request says. Yields what is to be sent; `input` is what comes. Throws a TreeFault. Ending it early undoes
 * what is not whole. What is written into memory is the memory that `room` takes.
 */
export function filesWork(
  request: FilesRequest,
  input: AsyncIterable<Buffer>,
  room: MemoryRoom,
): AsyncIterable<Buffer> | Iterable<Buffer> {
  switch (request.work) {
    case 'push':
      return push(request, input, room);
    case 'pull':
      return readTree(request.paths, request);
    case 'list':
      return list(request.path);
    default:
      return remove(request);
  }
}

async function* push(
  { target, policy }: FilesRequest & { work: 'push' },
  input: AsyncIterable<Buffer>,
  room: MemoryRoom,
): AsyncGenerator<Buffer, void> {
  const warnings: Buffer[] = [];
  let more = maxWarnings;
  const warn = (text: string) => {
    if (more-- > 0) warnings.push(encodeRecord('warning', Buffer.from(text)));
  };
  const writer = new TreeWriter(target, policy, warn, {
    makeRoom: (fd, offset, length) => room.make(fd, offset, length),
  });
  const parser = new RecordParser();
  try {
    for await (const chunk of input) {
      for (const record of parser.push(chunk)) {
        const writing = writer.accept(record);
        if (writing !== undefined) await writing;
      }
      if (warnings.length > 0) yield* warnings.splice(0);
    }
    if (parser.inRecord) throw new TreeFault('EPROTO', 'The other end ended in the middle of a record');
    writer.finish();
    yield* warnings;
  } finally {
    writer.abort();
  }
}

function* list(path: Buffer): Generator<Buffer, void> {
  const isDirectory = about(
    () => path.toString(),
    () => {
      const named = splitPath(path).name === undefined ? statSync(path) : lstatSync(path);
      return named.isDirectory();
    },
  );
  const shown = isDirectory ? Buffer.concat([path, Buffer.from('/.')]) : path;
  yield* readTree([shown], { follow: 'never', recursive: true, listing: true });
}

function* remove({ paths, recursive, force }: FilesRequest & { work: 'delete' }): Generator<Buffer, void> {
  for (const path of paths) {
    const { parent, name } = splitPath(path);
    if (name === undefined) throw new TreeFault('EINVAL', `${path}: does not name what it deletes`);
    try {
      using directory = Directory.open(parent);
      const status = lstatSync(directory.at(name));
      if (recursive) removeTree(directory, name);
      else if (status.isDirectory()) rmdirSync(directory.at(name));
      else unlinkSync(directory.at(name));
    } catch (error) {
      const fault = TreeFault.from(error, path.toString());
      if (!force || !(fault instanceof TreeFault) || fault.code !== 'ENOENT') throw fault;
    }
    yield Buffer.alloc(0); // a breath between two of them
  }
}
