import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import { type Run, runChecked } from '../host/run.ts';
import type { TemplateFile } from '../templates/template-set.ts';
import { formatSources, withoutCredentials } from './apt-sources.ts';
import { makeBusyboxRoot } from './busybox-root.ts';
import { confinedScript } from './confined.ts';
import { hashFile } from './image-archive.ts';
import { formatMetadata, type ImageMetadata } from './image-metadata.ts';
import { makeDebianRoot, missingKeyrings } from './mmdebstrap-root.ts';
import type { Recipe, RecipeRelease } from './recipe.ts';
import { tarTypes } from './tar-format.ts';
import { tarEnd, tarFile } from './tar-writer.ts';

export interface BuildHost {
  readonly run: Run;
  /** Where the host's `etc/apt` and `etc/os-release` are read from; `/` but for tests. */
  readonly hostRoot: string;
  /** Kernel name of the host's architecture: `x86_64`. */
  readonly architecture: string;
}

export interface BuiltImage {
  /** The finished archive within the work directory. */
  readonly path: string;
  /** sha256 of it. */
  readonly fingerprint: string;
  readonly sizeBytes: number;
  readonly metadata: ImageMetadata;
  /** The files of its `templates/`. */
  readonly templates: readonly TemplateFile[];
}

interface FileInRoot {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/**
 * Level 3 of zstd writes Debian's 150 MB in 0.3 s. Level 9 takes four times as long for 12 % less, and unpacking takes
 * the same time after either (measured; docs/guides/images.md).
 */
const compression = { ZSTD_CLEVEL: '3', ZSTD_NBTHREADS: '0' };

/**
 * What the host and mmdebstrap left behind that must not be the same in every instance. The day on which a password
 * that does not exist was last changed goes too: it is that of the build, and would make another image each day.
 */
const tidyDebian = `
rm -f /etc/hostname /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/99mmdebstrap
rm -f /etc/dpkg/dpkg.cfg.d/99mmdebstrap /var/lib/dbus/machine-id /var/lib/systemd/random-seed
[ -L /etc/resolv.conf ] || rm -f /etc/resolv.conf
for file in /etc/shadow /etc/shadow-; do
  [ ! -f "$file" ] || sed -i 's/^\\([^:]*:[^:]*:\\)[0-9]*:/\\1:/' "$file"
done
: >/etc/machine-id
`;

/** What the kernel or the runtime fills in each instance: empty in the archive. */
const emptied = ['rootfs/dev', 'rootfs/proc', 'rootfs/run', 'rootfs/sys', 'rootfs/tmp'];

/**
 * Builds an image in `work`, an empty directory that is the caller's to remove. The programs that it runs are killed
 * when `task.signal` aborts and when this process dies, and leave no mount. Faults: those of the root's maker,
 * `invalid` when a command of the recipe fails, `unsupported` for an architecture that the recipe does not know.
 */
export async function buildImage(
  task: Task,
  host: BuildHost,
  recipe: Recipe,
  release: RecipeRelease,
  work: string,
): Promise<BuiltImage> {
  const { architecture } = host;
  if (recipe.architectures.length > 0 && !recipe.architectures.includes(architecture)) {
    throw new Fault(
      'unsupported',
      `Recipe "${recipe.name}" is for ${recipe.architectures.join(', ')}, and this host is ${architecture}`,
    );
  }
  const root = join(work, 'rootfs');
  await using revert = new Revert(task.log);
  revert.push('remove the unfinished root', () => rm(root, { recursive: true, force: true }));
  const dateSeconds = await makeRoot(task, host, recipe, release, { root, work });
  await writeInto(task, host.run, root, recipe.files);
  await runCommands(task, host.run, recipe, release, root);
  const serial = new Date(dateSeconds * 1000).toISOString().slice(0, 10).replaceAll('-', '');
  const properties: Record<string, string> = {
    ...recipe.properties,
    description: `${recipe.description}${release.name === '' ? '' : ` ${release.name}`} (${architecture})`,
    architecture,
    serial,
    ...(release.name === '' ? {} : { release: release.name }),
  };
  const { rules, files: templates } = recipe.templates;
  const metadata: ImageMetadata = { architecture, creationDate: dateSeconds, properties, templates: rules };
  const path = await pack(task, host.run, work, metadata, templates);
  const fingerprint = await hashFile(task.signal, path);
  const { size: sizeBytes } = await stat(path);
  // On success too the root is removed, by leaving without commit: only the archive is of use.
  return { path, fingerprint, sizeBytes, metadata, templates };
}

async function makeRoot(
  task: Task,
  host: BuildHost,
  recipe: Recipe,
  release: RecipeRelease,
  where: { readonly root: string; readonly work: string },
): Promise<number> {
  if (recipe.from === 'busybox') return makeBusyboxRoot(task, host.run, where.root);
  const made = await makeDebianRoot(task, host, recipe, release, where);
  await runScript(task, host.run, where.root, tidyDebian);
  const sources: FileInRoot = {
    path: '/etc/apt/sources.list.d/image.sources',
    content: formatSources(withoutCredentials(made.sources)),
    mode: 0o644,
  };
  const keyrings = await missingKeyrings(made.sources, where.root);
  await writeInto(task, host.run, where.root, [sources, ...keyrings.map((keyring) => ({ ...keyring, mode: 0o644 }))]);
  return made.dateSeconds;
}

/** Writes files into the root with the root's own tar and inside it: no link of the root can lead out. */
async function writeInto(task: Task, run: Run, root: string, files: readonly FileInRoot[]): Promise<void> {
  if (files.length === 0) return;
  const now = Math.floor(Date.now() / 1000);
  const entries = files.map((file) => {
    const content = Buffer.from(file.content);
    const name = Buffer.from(file.path.slice(1)).toString('latin1');
    const { mode } = file;
    const common = { linkName: '', uid: 0, gid: 0, mtime: now, attributes: new Map<string, string>() };
    return tarFile({ ...common, name, type: tarTypes.file, mode, sizeBytes: content.length }, content);
  });
  const input = Buffer.concat([...entries, tarEnd]);
  await runChecked(run, ['chroot', root, '/bin/sh', '-c', 'umask 022; exec tar -x -p -f -'], {
    signal: task.signal,
    input,
  });
}

async function runCommands(task: Task, run: Run, recipe: Recipe, release: RecipeRelease, root: string): Promise<void> {
  for (const [index, command] of recipe.commands.entries()) {
    task.report({
      stage: 'Running the commands of the recipe',
      done: index,
      total: recipe.commands.length,
      unit: 'items',
    });
    await runScript(task, run, root, command, { RELEASE: release.name });
  }
}

async function runScript(
  task: Task,
  run: Run,
  root: string,
  script: string,
  env: Record<string, string> = {},
): Promise<void> {
  const options = { signal: task.signal, env: { HOME: '/root', DEBIAN_FRONTEND: 'noninteractive', ...env } };
  const result = await run(confinedScript(root, script), options);
  if (result.exitCode === 0) return;
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-3).join('; ');
  throw new Fault('invalid', `A command of the recipe failed with status ${result.exitCode}: ${said}`);
}

/** Writes `metadata.yaml` and the root as one archive; entries in order of name and no time after the image's date. */
async function pack(
  task: Task,
  run: Run,
  work: string,
  metadata: ImageMetadata,
  templates: readonly TemplateFile[],
): Promise<string> {
  task.report({ stage: 'Compressing image' });
  await writeFile(join(work, 'metadata.yaml'), formatMetadata(metadata), { mode: 0o644 });
  await chmod(join(work, 'metadata.yaml'), 0o644);
  const withTemplates = templates.length === 0 ? [] : [await writeTemplates(work, templates)];
  for (const path of emptied) await mkdir(join(work, path), { recursive: true });
  const path = join(work, 'image.tar.zst');
  const argv = [
    ...['tar', '--create', '--zstd', `--file=${path}`, `--directory=${work}`, '--sort=name', '--numeric-owner'],
    ...['--format=posix', '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'],
    ...[`--mtime=@${metadata.creationDate}`, '--clamp-mtime'],
    ...['--xattrs', '--xattrs-include=security.capability', '--xattrs-include=user.*', '--acls'],
    ...['--anchored', ...emptied.map((each) => `--exclude=${each}/*`), 'metadata.yaml', ...withTemplates, 'rootfs'],
  ];
  await runChecked(run, argv, { signal: task.signal, env: compression });
  return path;
}

/** Returns the name of the directory within `work`. */
async function writeTemplates(work: string, templates: readonly TemplateFile[]): Promise<string> {
  const directory = 'templates';
  await mkdir(join(work, directory));
  await chmod(join(work, directory), 0o755);
  for (const { name, content } of templates) {
    await writeFile(join(work, directory, name), content);
    await chmod(join(work, directory, name), 0o644);
  }
  return directory;
}
