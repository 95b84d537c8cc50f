import { metadataRecord } from '../metadata/document.ts';
import { readMetadata } from '../metadata/edit-metadata.ts';
import { toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = ''] = input.arguments;
  await context.terminal.output.write(await toYaml(metadataRecord(await readMetadata(context, instance))));
}
