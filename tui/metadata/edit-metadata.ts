import type { InstanceMetadata__Output } from '../../proto/gen/yurt/v1/InstanceMetadata.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { editUntilRight, withTheirs } from '../config/edit.ts';
import { toYaml } from '../output/format.ts';
import { readAll } from '../terminal/document.ts';
import { metadataRecord, parseMetadataDocument } from './document.ts';

export async function readMetadata(context: Context, instance: string): Promise<InstanceMetadata__Output> {
  const request = { instance, project: context.global.project };
  const { metadata } = await (await context.connect()).call('MetadataService', 'GetInstanceMetadata', request);
  if (metadata === null) throw new Failure(`The server answered without the metadata of "${instance}"`);
  return metadata;
}

/** Lets the user edit the metadata as YAML: in an editor on a terminal, otherwise from stdin. */
export async function editMetadata(context: Context, instance: string): Promise<void> {
  let now = await readMetadata(context, instance);
  const save = async (text: string, what: string) => {
    const metadata = await parseMetadataDocument(text, what);
    const request = { instance, project: context.global.project, etag: now.etag, metadata };
    await (await context.connect()).call('MetadataService', 'UpdateInstanceMetadata', request);
  };
  if (!context.terminal.input.isTty) {
    const text = await readAll(context.terminal.input);
    if (text.trim() === '') throw new Failure('There is no YAML document on stdin, and no terminal to edit on');
    await save(text, 'The document on stdin');
    return;
  }
  const head =
    '### Metadata and templates, as in the metadata.yaml of an image. Lines that begin with # are left out.\n\n';
  await editUntilRight(context, `${head}${await toYaml(metadataRecord(now))}`, {
    save: (text) => save(text, 'The document'),
    afterConflict: async (text) => {
      now = await readMetadata(context, instance);
      return withTheirs(text, await toYaml(metadataRecord(now)));
    },
  });
}
