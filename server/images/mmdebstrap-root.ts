import { lstat, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import { failed, type Run, type RunResult } from '../host/run.ts';
import { type AptSource, formatSources, readHostApt, sourcesForSuite } from './apt-sources.ts';
import { confined } from './confined.ts';
import type { Recipe, RecipeRelease } from './recipe.ts';

export interface DebianRoot {
  /**
   * The image's date in seconds since 1970: that of its newest package, so that the same packages make the same image.
   */
  readonly dateSeconds: number;
  /** What it was installed from. */
  readonly sources: readonly AptSource[];
}

/** mmdebstrap's own messages, what a user reads for them, and how far the build is then, in percent (measured). */
const stages: readonly [RegExp, string, number][] = [
  [/^I: running apt-get update/, 'Reading package lists', 2],
  [/^I: downloading packages/, 'Downloading packages', 12],
  [/^I: extracting archives/, 'Unpacking essential packages', 20],
  [/^I: installing essential packages/, 'Installing essential packages', 35],
  [/^I: installing remaining packages/, 'Installing packages', 60],
  [/^I: cleaning package lists/, 'Cleaning up', 85],
];

const maxOutputBytes = 16 * 1024 * 1024;

/**
 * Makes a Debian root with mmdebstrap(1) in `root`, which must not exist. `work` is a directory for helper files.
 * Faults: `unsupported` when the host has no mmdebstrap or no sources, `unavailable` when the mirrors do not have the
 * suite or do not answer, `invalid` for a package that does not exist.
 */
export async function makeDebianRoot(
  task: Task,
  host: { readonly run: Run; readonly hostRoot: string },
  recipe: Recipe,
  release: RecipeRelease,
  where: { readonly root: string; readonly work: string },
): Promise<DebianRoot> {
  const { suite = '' } = release;
  const sources = sourcesForSuite(await readHostApt(host.hostRoot), suite);
  const sourcesPath = join(where.work, 'image.sources');
  await writeFile(sourcesPath, formatSources(sources), { mode: 0o644 });
  const packages = [...recipe.packages, ...release.packages];
  const argv = [
    ...['mmdebstrap', '--mode=root', '--format=directory', `--variant=${recipe.variant}`],
    ...(packages.length === 0 ? [] : [`--include=${packages.join(',')}`]),
    // The file system is thrown away unless all goes well: dpkg need not wait for the disk at each file.
    '--dpkgopt=force-unsafe-io',
    ...recipe.exclude.map(
      (pattern) => `--dpkgopt=path-${pattern.startsWith('!') ? `include=${pattern.slice(1)}` : `exclude=${pattern}`}`,
    ),
    ...[suite, where.root, sourcesPath],
  ];
  const errors: string[] = [];
  const onErrorLine = (line: string) => {
    const stage = stages.find(([pattern]) => pattern.test(line));
    if (stage !== undefined) task.report({ stage: stage[1], done: stage[2], total: 100, unit: 'percent' });
    if (/^(?:E|Err|W):/.test(line)) errors.push(line);
  };
  // It leaves some of its temporary files behind.
  const env = { ...(await proxies(task, host.run)), TMPDIR: where.work };
  const result = await host.run(confined(argv), { signal: task.signal, env, onErrorLine, maxOutputBytes });
  if (result.exitCode !== 0) throw explain(result, suite, errors);
  return { dateSeconds: await newestPackage(where.root), sources };
}

/** The proxy that the host's apt uses, for this run only: mmdebstrap does not read the host's apt.conf. */
async function proxies(task: Task, run: Run): Promise<Record<string, string>> {
  const { stdout } = await run(['apt-config', 'dump', '--format', '%F=%v%n', 'Acquire'], { signal: task.signal });
  const env: Record<string, string> = {};
  for (const scheme of ['http', 'https']) {
    const value = new RegExp(`^Acquire::${scheme}::Proxy=(.+)$`, 'm').exec(stdout)?.[1];
    if (value !== undefined && value !== 'DIRECT') env[`${scheme}_proxy`] = value;
  }
  return env;
}

function explain(result: RunResult, suite: string, errors: readonly string[]): Fault {
  const said = errors.join('\n');
  const details = { cause: new Error(result.stderr.slice(-8192)) };
  if (/does not have a Release file|404 +Not Found.*Release|no longer has a Release file/.test(said + result.stderr)) {
    return new Fault('unavailable', `The mirrors of this host's apt sources do not have the suite "${suite}"`, details);
  }
  const missing = /Unable to locate package (\S+)|Package '?(\S+?)'? has no installation candidate/.exec(
    said + result.stderr,
  );
  if (missing !== null)
    return new Fault('invalid', `The suite "${suite}" has no package "${missing[1] ?? missing[2]}"`, details);
  if (/NO_PUBKEY|is not signed|couldn't be verified/.test(said + result.stderr)) {
    return new Fault(
      'unavailable',
      `This host has no key for the suite "${suite}": install its archive keyring`,
      details,
    );
  }
  if (/No space left on device/.test(result.stderr)) return new Fault('exhausted', 'The disk is full', details);
  if (/Could not resolve|Could not connect|Failed to fetch|Connection failed/.test(result.stderr)) {
    const line = /^(?:Err|E|W):.*(?:Could not|Failed to fetch|Connection failed).*$/m.exec(result.stderr)?.[0] ?? '';
    return new Fault('unavailable', `The mirror does not answer: ${line.slice(0, 300)}`, details);
  }
  const reason = failed(result);
  return new Fault('internal', reason.message, details);
}

/** Packages carry the times of their files: the newest copyright file is from the newest package. */
async function newestPackage(root: string): Promise<number> {
  const docs = join(root, 'usr/share/doc');
  const names = await readdir(docs).catch((): string[] => []);
  const times = await Promise.all(
    names.map((name) =>
      stat(join(docs, name, 'copyright')).then(
        (status) => status.mtimeMs,
        () => 0,
      ),
    ),
  );
  const newest = Math.floor(Math.max(0, ...times) / 1000);
  return newest > 0 ? newest : releaseDate(root);
}

async function releaseDate(root: string): Promise<number> {
  const status = await stat(join(root, 'etc/debian_version'));
  return Math.floor(status.mtimeMs / 1000);
}

/** The keyring files that sources name and that the root does not have: an instance could not verify its mirror. */
export async function missingKeyrings(
  sources: readonly AptSource[],
  root: string,
): Promise<{ path: string; content: Buffer }[]> {
  const missing: { path: string; content: Buffer }[] = [];
  for (const { options } of sources) {
    for (const path of (options['Signed-By'] ?? '').split(/\s+/)) {
      if (!/^(?:\/[A-Za-z0-9._-]+)+$/.test(path) || path.split('/').includes('..')) continue;
      const there = await lstat(join(root, path)).then(
        () => true,
        () => false,
      );
      if (!there) missing.push({ path, content: await readFile(path) });
    }
  }
  return missing;
}
