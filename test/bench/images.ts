import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type BenchImage, benchImages } from './subjects/subject.ts';

/** The archives of a state directory's images: absolute paths. */
export function imageArchives(stateDirectory: string): Map<BenchImage, string> {
  const found = new Map<string, string>();
  for (const fingerprint of readdirSync(join(stateDirectory, 'images'))) {
    const directory = join(stateDirectory, 'images', fingerprint);
    const { properties } = parse(readFileSync(join(directory, 'metadata.yaml'), 'utf8'));
    const name = [properties.os, properties.release].filter(Boolean).join('/').toLowerCase();
    found.set(name, join(directory, 'image.tar.zst'));
  }
  return new Map(
    benchImages.map((image) => {
      const archive = found.get(image);
      if (archive === undefined) throw new Error(`${stateDirectory} has no image ${image}`);
      return [image, archive];
    }),
  );
}
