import { pipeline, Readable } from 'node:stream';
import { constants, createZstdCompress } from 'node:zlib';
import type { Task } from '../base/task.ts';
import type { ProgramOutput } from '../host/program-output.ts';
import type { ImageMetadata } from '../images/image-metadata.ts';
import { tarEnd } from '../images/tar-writer.ts';
import type { TemplateFile } from '../templates/template-set.ts';
import { metadataEntries } from './metadata-entries.ts';
import { rootEntries } from './root-entries.ts';

export interface ImageSource {
  /** The root. */
  readonly directory: string;
  readonly metadata: ImageMetadata;
  /** Those of `templates/`. */
  readonly files: readonly TemplateFile[];
}

/** As for images that are built (server/images/build-image.ts). */
const compressionLevel = 3;

/**
 * Lets `use` read a root as the archive of an image: a compressed tar of `metadata.yaml` and `rootfs/`. When this
 * resolves or rejects, nothing reads the root any more.
 */
export async function withImageContent<Result>(
  task: Task,
  output: ProgramOutput,
  source: ImageSource,
  use: (content: AsyncIterable<Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const archive = imageArchive(task, output, source);
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
  { directory, metadata, files }: ImageSource,
): AsyncGenerator<Uint8Array, void, void> {
  yield* metadataEntries('', metadata, files);
  yield* rootEntries(task, output, directory, 'rootfs');
  yield tarEnd;
}
