import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runChecked } from '../../../server/host/run.ts';
import { formatSources, readHostApt, sourcesForSuite } from '../../../server/images/apt-sources.ts';
import { projectRoot } from './daemon.ts';

const cache = process.env['YURT_TEST_CACHE'] ?? join(projectRoot, '.cache/e2e');

/** Where a daemon under test finds the repository, once `serveArgv` runs in its network namespace. */
const address = '127.0.0.1:8000';

/**
 * A package repository of one suite with these packages, the essential ones and what they need, so that a daemon
 * without an uplink can build an image. Downloaded once through the host's own sources.
 */
export class PackageRepository {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(suite: string, packages: readonly string[]): Promise<PackageRepository> {
    const digest = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 8);
    const directory = join(cache, `packages-${suite}-${digest}`);
    if (!existsSync(directory)) {
      const part = `${directory}.part`;
      await rm(part, { recursive: true, force: true });
      await download(part, suite, packages);
      await writeIndex(part, suite);
      await writeConfiguration(part, suite);
      await rename(part, directory);
    }
    return new PackageRepository(directory);
  }

  /** The command that serves it, in the foreground. */
  get serveArgv(): string[] {
    return ['busybox', 'httpd', '-f', '-p', address, '-h', join(this.#directory, 'pool')];
  }

  /** The command that runs `argv` with nothing but this repository in /etc/apt, for itself alone. */
  within(argv: readonly string[]): string[] {
    const script = 'mount --bind "$1" /etc/apt; shift; exec "$@"';
    return ['unshare', '--mount', 'sh', '-euc', script, 'sh', join(this.#directory, 'apt'), ...argv];
  }
}

/** Downloads into `pool`, with lists and caches of apt of its own. */
async function download(directory: string, suite: string, packages: readonly string[]): Promise<void> {
  const apt = join(directory, 'download');
  const pool = join(directory, 'pool');
  for (const path of ['sources', 'lists/partial', 'cache']) await mkdir(join(apt, path), { recursive: true });
  await mkdir(join(pool, 'partial'), { recursive: true });
  await writeFile(join(apt, 'status'), '');
  const sources = sourcesForSuite(await readHostApt('/'), suite);
  await writeFile(join(apt, 'sources/host.sources'), formatSources(sources));
  const options = [
    ...['Dir::Etc::SourceList=/dev/null', `Dir::Etc::SourceParts=${apt}/sources`, `Dir::State::lists=${apt}/lists`],
    ...[`Dir::State::status=${apt}/status`, `Dir::Cache=${apt}/cache`, `Dir::Cache::archives=${pool}`],
    ...['APT::Sandbox::User=root', 'APT::Install-Recommends=false'],
  ].flatMap((option) => ['-o', option]);
  await runChecked(run, ['apt-get', '-q', ...options, 'update']);
  const wanted = ['?essential', 'apt', ...packages];
  await runChecked(run, ['apt-get', '-q', '-y', ...options, '--download-only', 'install', ...wanted], {
    maxOutputBytes: 16 * 1024 * 1024,
  });
  await rm(apt, { recursive: true });
}

/** `Packages` and `Release` (the Debian policy manual, 5.3; wiki: DebianRepository/Format), without a signature. */
async function writeIndex(directory: string, suite: string): Promise<void> {
  const pool = join(directory, 'pool');
  const names = (await readdir(pool)).filter((name) => name.endsWith('.deb')).sort();
  const stanzas: string[] = [];
  for (const name of names) {
    const { stdout } = await runChecked(run, ['dpkg-deb', '--field', join(pool, name)]);
    const content = await readFile(join(pool, name));
    // A colon in a version is written %3a in the name of its file, and a server would read that as a colon again.
    const file = name.replaceAll('%', '-');
    if (file !== name) await rename(join(pool, name), join(pool, file));
    stanzas.push(`${stdout.trim()}\nFilename: ${file}\nSize: ${content.length}\nSHA256: ${sha256(content)}\n`);
  }
  const { stdout } = await runChecked(run, ['dpkg', '--print-architecture']);
  const architecture = stdout.trim();
  const binary = `main/binary-${architecture}`;
  const dists = join(pool, 'dists', suite);
  await mkdir(join(dists, binary), { recursive: true });
  const packages = Buffer.from(stanzas.join('\n'));
  await writeFile(join(dists, binary, 'Packages'), packages);
  const release = [
    ...['Origin: Debian', 'Label: Debian', `Suite: ${suite}`, `Codename: ${suite}`],
    ...[
      `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}`,
      `Architectures: ${architecture}`,
      'Components: main',
    ],
    ...['SHA256:', ` ${sha256(packages)} ${packages.length} ${binary}/Packages`],
  ];
  await writeFile(join(dists, 'Release'), `${release.join('\n')}\n`);
}

/** What is seen as /etc/apt. */
async function writeConfiguration(directory: string, suite: string): Promise<void> {
  const apt = join(directory, 'apt');
  for (const name of ['apt.conf.d', 'auth.conf.d', 'keyrings', 'preferences.d', 'sources.list.d', 'trusted.gpg.d']) {
    await mkdir(join(apt, name), { recursive: true });
  }
  const options = { Trusted: 'yes' };
  const source = { uris: [`http://${address}`], suites: [suite], components: ['main'], options };
  await writeFile(join(apt, 'sources.list.d/local.sources'), formatSources([source]));
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
