import { pipeline, Readable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import type { Task } from '../base/task.ts';
import type { ProgramOutput } from '../host/program-output.ts';
import { formatMetadata, type ImageMetadata } from '../images/image-metadata.ts';
import { tarTypes } from '../images/tar-format.ts';
import { tarEnd, tarFile } from '../images/tar-writer.ts';
import { rootEntries } from './root-entries.ts';

/** As for images that are built (server/images/build-image.ts). */
const compressionLevel = 3;

/**
 * Lets `use` read a root as the archive of an image: a compressed tar of `metadata.yaml` and `rootfs/`. When this
 * resolves or rejects, nothing reads the root any more.
 */
export async function withImageContent<Result>(
  task: Task,
  output: ProgramOutput,
  source: { readonly directory: string; readonly metadata: ImageMetadata },
  use: (content: AsyncIterable<Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const archive = imageArchive(task, output, source.directory, source.metadata);
  const params = { [constants.ZSTD_c_compressionLevel]: compressionLevel };
  const plain = Readable.from(archive, { objectMode: false });
  // Errors reach the reader through the last stream, which `pipeline` destroys with them.
  const content = pipeline(plain, createZstdCompress({ params }), () => {});
  try {
    return await use(content);
  } finally {
    content.destroy();
    await archive.return();
  }
}

async function* imageArchive(
  task: Task,
  output: ProgramOutput,
  directory: string,
  metadata: ImageMetadata,
): AsyncGenerator<Uint8Array, void, void> {
  const text = Buffer.from(formatMetadata(metadata));
  const attributes = new Map<string, string>();
  const owner = { linkName: '', uid: 0, gid: 0, mode: 0o644, mtime: metadata.creationDate, attributes };
  yield tarFile({ ...owner, name: 'metadata.yaml', type: tarTypes.file, sizeBytes: text.length }, text);
  yield* rootEntries(task, output, directory, 'rootfs');
  yield tarEnd;
}
