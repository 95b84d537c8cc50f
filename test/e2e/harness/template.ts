import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, projectRoot } from './daemon.ts';

/** Built once, then copied: a state directory that has these images. Git ignores it; `npm test` makes it when missing. */
const cache = process.env['YURT_TEST_CACHE'] ?? join(projectRoot, '.cache/e2e');

/** Image names, as `yurt image build` takes them. */
export type TemplateImage = 'tiny' | 'debian/12' | 'debian/13';

/** The directory of a stopped daemon whose store has the images; builds it through a real daemon the first time. */
export async function template(...images: TemplateImage[]): Promise<string> {
  const directory = join(cache, images.join('+').replaceAll('/', '-'));
  if (existsSync(directory)) return directory;
  mkdirSync(cache, { recursive: true });
  const daemon = await Daemon.start();
  for (const image of images) await daemon.ok('image', 'build', image);
  await daemon.keepAs(`${directory}.part`);
  rmSync(directory, { recursive: true, force: true });
  renameSync(`${directory}.part`, directory);
  return directory;
}
