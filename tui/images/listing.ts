import type { Image__Output } from '../../proto/gen/yurt/v1/Image.ts';
import type { Cell } from '../output/table.ts';
import { byteSize, dateOf, isoOf, minuteOf } from '../output/units.ts';
import type { imageColumnNames } from './column-names.ts';

/** The cell of each column of `image list`. */
export const imageCells: Readonly<Record<keyof typeof imageColumnNames, (image: Image__Output) => Cell>> = {
  l: ({ aliases }) => {
    const [first, ...others] = aliases;
    if (first === undefined) return '';
    return others.length === 0 ? first.name : `${first.name} (${others.length} more)`;
  },
  L: ({ aliases }) => aliases.map(({ name }) => name),
  f: ({ fingerprint }) => fingerprint.slice(0, 12),
  F: ({ fingerprint }) => fingerprint,
  p: () => 'no',
  d: descriptionOf,
  a: ({ architecture }) => architecture,
  t: () => 'CONTAINER',
  s: ({ sizeBytes }) => byteSize(sizeBytes),
  u: ({ createdAt }) => minuteOf(dateOf(createdAt)),
  e: ({ project }) => project,
};

/** Beginnings of aliases or fingerprints, or `property=value`; all must hold. */
export function imageFilter(words: readonly string[]): (image: Image__Output) => boolean {
  return ({ aliases, fingerprint, properties, architecture }) =>
    words.every((word) => {
      const split = word.indexOf('=');
      if (split < 0) return fingerprint.startsWith(word) || aliases.some(({ name }) => name.startsWith(word));
      const [key, value] = [word.slice(0, split), word.slice(split + 1)];
      if (key === 'architecture') return architecture === value;
      return key === 'type' ? value === 'container' : properties[key] === value;
    });
}

/** An image as `-f json` and `-f yaml` show it. */
export function imageRecord(image: Image__Output): Record<string, unknown> {
  return {
    fingerprint: image.fingerprint,
    project: image.project,
    aliases: image.aliases.map(({ name, description }) => ({ name, description })),
    architecture: image.architecture,
    type: 'container',
    public: false,
    size: image.sizeBytes,
    created_at: isoOf(dateOf(image.createdAt)),
    last_used_at: isoOf(dateOf(image.lastUsedAt)),
    properties: image.properties,
    recipe: image.recipe,
  };
}

export function descriptionOf({ properties }: Image__Output): string {
  return properties['description'] ?? '';
}
