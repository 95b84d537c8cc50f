import { type Dir, lstatSync, opendirSync, rmdirSync, unlinkSync } from 'node:fs';
import { maxDepth } from '../proto/trees/entry.ts';
import { TreeFault } from '../proto/trees/tree-fault.ts';
import type { Directory } from './directory.ts';

/** Removes `name` and, if it is a directory, all that lies in it; follows no link. Throws what the system calls throw. */
export function removeTree(directory: Directory, name: Buffer, depth = 0): void {
  if (!lstatSync(directory.at(name)).isDirectory()) {
    unlinkSync(directory.at(name));
    return;
  }
  if (depth >= maxDepth) throw new TreeFault('ELOOP', `${directory.show(name)}: too deep`);
  {
    using inner = directory.openDirectory(name, false);
    // Its types know of no "buffer" here.
    const names = opendirSync(inner.path, { encoding: 'buffer' as BufferEncoding });
    try {
      for (const found of entriesOf(names)) removeTree(inner, found, depth + 1);
    } finally {
      names.closeSync();
    }
  }
  rmdirSync(directory.at(name));
}

function* entriesOf(names: Dir): Generator<Buffer, void> {
  for (let found = names.readSync(); found !== null; found = names.readSync()) {
    yield found.name as unknown as Buffer; // opened with encoding "buffer"
  }
}
