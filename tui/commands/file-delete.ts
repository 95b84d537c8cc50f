import { parseLocations } from '../files/location.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const locations = parseLocations(input.arguments);
  const connection = await context.connect();
  await connection.call('FileService', 'DeleteFiles', {
    instance: locations[0].instance,
    project: context.global.project,
    paths: locations.map(({ path }) => withoutSlashes(path)),
    recursive: input.flag('recursive'),
    force: input.flag('force'),
  });
}

/** `dir/` is the directory itself. */
function withoutSlashes(path: Buffer): Buffer {
  let end = path.length;
  while (end > 1 && path[end - 1] === 0x2f) end -= 1;
  return path.subarray(0, end);
}
