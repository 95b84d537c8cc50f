import { Failure } from '../client/failure.ts';
import { printable } from '../output/printable.ts';
import { byteSize, dateOf, minuteOf } from '../output/units.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = ''] = input.arguments;
  const connection = await context.connect();
  const { image } = await connection.call('ImageService', 'GetImage', { image: name, project: context.global.project });
  if (image === null) throw new Failure(`The server answered without image "${name}"`);
  const lines = [
    `Fingerprint: ${image.fingerprint}`,
    `Size: ${byteSize(image.sizeBytes)}`,
    `Architecture: ${image.architecture}`,
    'Type: container',
    ...(image.recipe === '' ? [] : [`Recipe: ${image.recipe}`]),
    'Timestamps:',
    `    Created: ${minuteOf(dateOf(image.createdAt)) || 'unknown'}`,
    `    Last used: ${minuteOf(dateOf(image.lastUsedAt)) || 'never'}`,
    'Properties:',
    ...Object.entries(image.properties)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `    ${key}: ${value}`),
    'Aliases:',
    ...image.aliases.map(({ name: alias }) => `    - ${alias}`),
  ];
  await context.terminal.output.write(lines.map((line) => `${printable(line)}\n`).join(''));
}
