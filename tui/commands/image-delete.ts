import { onEach } from '../instances/batch.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { project } = context.global;
  await onEach(
    context,
    input.arguments,
    'delete',
    (connection, image) => connection.call('ImageService', 'DeleteImage', { image, project }),
    'images',
  );
}
