import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { ProgramOutput } from '../host/program-output.ts';
import { SparseMap } from '../images/sparse-map.ts';
import { padding, type TarEntry, tarTypes } from '../images/tar-format.ts';
import { TarReader, type TarSink } from '../images/tar-reader.ts';
import { tarHeader } from '../images/tar-writer.ts';

/**
 * The entries of a root for an archive, every name below `prefix` (`rootfs`): without the blocks that end an archive, so
 * that more may follow. `tar` reads the hostile directory and follows no link of it; names are put together here.
 * A file with holes is one with holes there. Sockets and device nodes are left out: an image or backup cannot bring them back.
 * Fault `invalid` for a file with more holes than `ImageFilter` lets in again.
 */
export async function* rootEntries(
  task: Task,
  output: ProgramOutput,
  directory: string,
  prefix: string,
): AsyncGenerator<Uint8Array, void, void> {
  const renamer = new Renamer(prefix);
  const reader = new TarReader(renamer);
  for await (const chunk of output(archiveCommand(directory), task.signal)) {
    reader.push(chunk);
    const bytes = renamer.take();
    if (bytes.length > 0) yield bytes;
  }
  reader.finish();
}

/** Attributes are those that `ImageFilter` lets in again. */
function archiveCommand(directory: string): string[] {
  return [
    ...['tar', '--create', '--file=-', '--blocking-factor=512', `--directory=${directory}`, '--sort=name'],
    ...[
      '--numeric-owner',
      '--format=posix',
      '--sparse',
      '--sparse-version=1.0',
      '--pax-option=delete=atime,delete=ctime',
      '--warning=no-file-ignored',
    ],
    ...['--xattrs', '--xattrs-include=security.capability', '--xattrs-include=user.*', '--acls', '.'],
  ];
}

/** Writes each entry anew under its name in the whole. */
class Renamer implements TarSink {
  readonly #prefix: string;
  #pieces: Uint8Array[] = [];
  #padding = 0;
  /** Of the sparse file that goes by. */
  #sparse: { readonly name: string; readonly map: SparseMap } | undefined;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  take(): Uint8Array {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return bytes;
  }

  entry(entry: TarEntry): boolean {
    this.#padding = 0;
    this.#sparse = undefined;
    if (entry.type === tarTypes.characterDevice || entry.type === tarTypes.blockDevice) return false;
    const { name, realSizeBytes, sizeBytes } = entry;
    if (realSizeBytes !== undefined) this.#sparse = { name, map: new SparseMap(realSizeBytes, sizeBytes) };
    const linkName = entry.type === tarTypes.hardLink ? this.#named(entry.linkName) : entry.linkName;
    this.#pieces.push(tarHeader({ ...entry, name: this.#named(name), linkName }));
    this.#padding = padding(sizeBytes);
    return true;
  }

  data(bytes: Uint8Array): void {
    this.#checkSparse(bytes);
    this.#pieces.push(bytes);
  }

  endEntry(): void {
    if (this.#padding > 0) this.#pieces.push(new Uint8Array(this.#padding));
    this.#padding = 0;
  }

  #checkSparse(bytes: Uint8Array): void {
    if (this.#sparse === undefined) return;
    const { name, map } = this.#sparse;
    try {
      map.push(bytes);
    } catch (error) {
      throw Fault.during(
        `The file ${JSON.stringify(Buffer.from(name, 'latin1').toString())} cannot be archived`,
        error,
      );
    }
  }

  /** `./etc` becomes `rootfs/etc`, `./` becomes `rootfs/`. */
  #named(name: string): string {
    return `${this.#prefix}/${name.replace(/^\.\/?/, '')}`;
  }
}
