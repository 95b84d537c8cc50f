import { formatMetadata, type ImageMetadata } from '../images/image-metadata.ts';
import { tarTypes } from '../images/tar-format.ts';
import { tarFile } from '../images/tar-writer.ts';
import type { TemplateFile } from '../templates/template-set.ts';

/** `metadata.yaml` and the files of `templates/`, as images and backups have them, every name behind `prefix` (`` or `backup/container/`). */
export function* metadataEntries(
  prefix: string,
  metadata: ImageMetadata,
  files: readonly TemplateFile[],
): Generator<Uint8Array, void, void> {
  const texts = [
    { name: 'metadata.yaml', content: formatMetadata(metadata) },
    ...files.map(({ name, content }) => ({ name: `templates/${name}`, content })),
  ];
  const owner = { linkName: '', uid: 0, gid: 0, mode: 0o644, attributes: new Map<string, string>() };
  const head = { ...owner, type: tarTypes.file, mtime: metadata.creationDate };
  for (const { name, content } of texts) {
    const bytes = Buffer.from(content);
    yield tarFile({ ...head, name: `${prefix}${name}`, sizeBytes: bytes.length }, bytes);
  }
}
