/**
 * The tar format as this folder needs it: the fields of an entry and their bytes. Names are "binary" strings (one
 * character per byte, latin1), so that any name of a file survives. Formats: POSIX.1-2017 pax "ustar and extended
 * headers" and GNU tar's long names and base-256 numbers
 * (https://www.gnu.org/software/tar/manual/html_node/Standard.html). Of GNU's formats of sparse files it is pax 1.0.
 */

export const blockSize = 512;

/** Type flags that are read. */
export const tarTypes = {
  file: '0',
  oldFile: '\0',
  hardLink: '1',
  symbolicLink: '2',
  characterDevice: '3',
  blockDevice: '4',
  directory: '5',
  fifo: '6',
  contiguousFile: '7',
  longName: 'L',
  longLink: 'K',
  extended: 'x',
  globalExtended: 'g',
} as const;

/** One entry, pax and GNU extensions applied. */
export interface TarEntry {
  /** Binary string, as in the archive: may be absolute or have `..`. */
  readonly name: string;
  /** The type flag, one character. */
  readonly type: string;
  /** Target of a link, binary string. */
  readonly linkName: string;
  /** Permission and set-id bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow. */
  readonly sizeBytes: number;
  /** Only of a sparse file: its size with the holes. The content then begins with a map, see `SparseMap`. */
  readonly realSizeBytes?: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Extended attributes and ACLs: pax keys `SCHILY.xattr.NAME`, `SCHILY.acl.access`, …; values are binary strings. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** Bytes from the end of `sizeBytes` of content to the next block. */
export function padding(sizeBytes: number): number {
  return (blockSize - (sizeBytes % blockSize)) % blockSize;
}

/** The sum of a header's bytes, its checksum field (148-155) counted as spaces. */
export function headerSum(header: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < blockSize; index += 1) sum += index >= 148 && index < 156 ? 32 : (header[index] ?? 0);
  return sum;
}
