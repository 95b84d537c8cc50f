import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { run, runChecked } from '../../server/host/run.ts';

/** What the guest has no use for: history, caches, and tools that run on the host alone. */
const leftOut = new Set(['.git', '.cache', '.ci', 'docs', 'node_modules']);
const modulesLeftOut = ['@biomejs', '@typescript', 'typescript', '@esbuild', 'esbuild', '@types'];

/** Packs the checkout as it is now, with its packages and its build, into a read-only disk. Uncompressed: the guest is slow. */
export async function packProject(projectRoot: string, disk: string): Promise<void> {
  // The packages may be a link to an installation that several checkouts share.
  const modules = realpathSync(join(projectRoot, 'node_modules'));
  const parts = readdirSync(projectRoot)
    .filter((name) => !leftOut.has(name))
    .map((name) => join(projectRoot, name));
  await pack(
    [...parts, modules],
    disk,
    modulesLeftOut.map((name) => `node_modules/${name}`),
  );
}

/** Packs the states and images that the tests start daemons from, made on the host since the guest has no network. */
export async function packTemplates(directories: readonly string[], disk: string): Promise<void> {
  await pack(directories, disk, []);
}

async function pack(sources: readonly string[], disk: string, excluded: readonly string[]): Promise<void> {
  for (const source of sources) if (!existsSync(source)) throw new Error(`${source} does not exist`);
  const plain = ['-noI', '-noD', '-noF', '-noX'];
  const except = excluded.length === 0 ? [] : ['-wildcards', '-e', ...excluded];
  await runChecked(run, [
    ...['mksquashfs', ...sources, disk, '-quiet', '-no-progress', '-no-duplicates', '-all-root'],
    ...['-keep-as-directory', ...plain, ...except],
  ]);
}
