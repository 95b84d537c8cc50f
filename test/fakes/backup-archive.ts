import { type TarEntry, tarTypes } from '../../server/images/tar-format.ts';
import { tarEnd, tarFile, tarHeader } from '../../server/images/tar-writer.ts';

/** The header of an entry: a directory unless it is told otherwise. */
export function entry(name: string, type: string = tarTypes.directory, change: Partial<TarEntry> = {}): Uint8Array {
  return tarHeader({
    ...{ name, type, linkName: '', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0, mtime: 1, attributes: new Map() },
    ...change,
  });
}

export function textFile(name: string, text: string): Uint8Array {
  const content = Buffer.from(text);
  const head = { name, type: tarTypes.file, linkName: '', mode: 0o600, uid: 0, gid: 0, mtime: 1 };
  return tarFile({ ...head, sizeBytes: content.length, attributes: new Map() }, content);
}

/** Of an instance "evil" without snapshots. */
export const indexText = `format: yurt-backup-1
name: evil
instance: {architecture: x86_64, profiles: [default]}
`;

export function indexOf(text: string): Uint8Array {
  return textFile('backup/index.yaml', text);
}

/** The directory that is the root of an instance. */
export const root = entry('backup/container/rootfs/');

/** The name of a file in that root. */
export function inRoot(name: string): string {
  return `backup/container/rootfs/${name}`;
}

export function archive(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...parts, tarEnd]);
}
