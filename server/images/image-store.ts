import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import { Revert } from '../base/revert.ts';
import type { Task } from '../base/task.ts';
import type { Run } from '../host/run.ts';
import type { TemplateFile } from '../templates/template-set.ts';
import { type BuildHost, buildImage } from './build-image.ts';
import { inspectArchive, unpackArchive } from './image-archive.ts';
import { type ImageLimits, imageLimits } from './image-filter.ts';
import { formatMetadata, type ImageMetadata, parseMetadata } from './image-metadata.ts';
import { checkAlias, isFingerprint, isFingerprintPrefix } from './image-name.ts';
import type { ImageAlias, ImageRecord, ImageRecords } from './image-records.ts';
import { type ImageTemplates, judgeTemplates, readImageTemplates, writeImageTemplates } from './image-templates.ts';
import { imageName, type Recipe, type RecipeRelease } from './recipe.ts';

export interface ImageStoreOptions {
  /** Absolute; made when missing. Holds a folder per fingerprint: `image.tar.zst`, `metadata.yaml` and, with templates, `templates.json`. */
  readonly directory: string;
  readonly records: ImageRecords;
  readonly run: Run;
  /** Kernel name of the host's architecture: `x86_64`. */
  readonly architecture: string;
  /** What still needs an image: names for the message. An image with users is not deleted. */
  readonly usedBy: (fingerprint: string) => Promise<readonly string[]>;
  /** Images that other projects have: their files stay. None when absent. */
  readonly heldByOthers?: () => Promise<ReadonlySet<string>>;
  /** Where the host's apt configuration is read; `/` when absent. */
  readonly hostRoot?: string;
  readonly limits?: ImageLimits;
  /** Bytes of an archive that `import` accepts; 32 GiB when absent. */
  readonly maxImportBytes?: number;
  readonly now?: () => number;
}

/** A record with the names that point at it. */
export interface StoredImage extends ImageRecord {
  readonly aliases: readonly ImageAlias[];
}

export interface BuildRequest {
  readonly recipe: Recipe;
  readonly release: RecipeRelease;
  /** Names for the new image; when empty, the recipe's: `debian/12`, and `debian` for the default release. */
  readonly aliases: readonly string[];
}

export interface ImportRequest {
  readonly content: AsyncIterable<Uint8Array>;
  readonly aliases: readonly string[];
  /** What the sha256 of the content must be, when the caller knows it. */
  readonly fingerprint?: string;
}

const archiveName = 'image.tar.zst';
const metadataName = 'metadata.yaml';
/** When an image was last used is known to the minute: many launches at once write it once. */
const useNotedMs = 60_000;

/** Work in progress and things being deleted begin with this: what a crash leaves is known by it. */
const workPrefix = '.work-';
const defaultMaxImportBytes = 32 * 1024 ** 3;

/**
 * The images of one server: a directory with a folder per fingerprint, and a record of each. A folder appears whole, by
 * rename, before its record is written, and its record goes before it does; `repair` removes what lies between.
 */
export class ImageStore {
  readonly #options: ImageStoreOptions;
  readonly #host: BuildHost;
  readonly #limits: ImageLimits;

  constructor(options: ImageStoreOptions) {
    this.#options = options;
    this.#host = { run: options.run, hostRoot: options.hostRoot ?? '/', architecture: options.architecture };
    this.#limits = options.limits ?? imageLimits;
  }

  /**
   * Makes the directory and removes what a crash left: unfinished work and files without a record. Call before all
   * else.
   */
  async repair(task: Task): Promise<void> {
    const { directory, records } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const known = new Set((await records.list()).map((record) => record.fingerprint));
    const held = await this.#heldByOthers();
    for (const name of await readdir(directory)) {
      if (known.delete(name) || held.has(name)) continue;
      if (!name.startsWith(workPrefix) && !isFingerprint(name)) continue;
      await rm(join(directory, name), { recursive: true, force: true });
      task.log.info({ name }, 'removed an unfinished image');
    }
    for (const fingerprint of known) task.log.warn({ fingerprint }, 'the file of an image is missing');
  }

  /** Newest first. */
  async list(): Promise<StoredImage[]> {
    const [records, aliases] = await Promise.all([this.#options.records.list(), this.#options.records.aliases()]);
    const images = records.map((record) => withAliases(record, aliases));
    return images.sort((one, two) => two.createdAtMs - one.createdAtMs || (one.fingerprint < two.fingerprint ? -1 : 1));
  }

  /** The image that `reference` names, for an instance to be made from: notes that it is used. Faults: as `resolve`. */
  async use(reference: string): Promise<StoredImage> {
    const image = await this.resolve(reference);
    const now = this.#now();
    if (now - (image.lastUsedAtMs ?? 0) >= useNotedMs) await this.#options.records.touch(image.fingerprint, now);
    return image;
  }

  /**
   * The image of an alias, a fingerprint, or an unambiguous beginning of one, in this order. Faults: `not-found`,
   * `invalid`.
   */
  async resolve(reference: string): Promise<StoredImage> {
    const { records } = this.#options;
    const alias = isFingerprint(reference) ? undefined : await records.alias(reference);
    const exact = await records.get(alias?.fingerprint ?? reference);
    if (exact !== undefined) return withAliases(exact, await records.aliases());
    const images = await this.list();
    const matches =
      isFingerprintPrefix(reference) && reference !== ''
        ? images.filter((image) => image.fingerprint.startsWith(reference))
        : [];
    const [first, ...others] = matches;
    if (first !== undefined && others.length === 0) return first;
    if (first !== undefined) {
      const candidates = matches.slice(0, 5).map(label).join(', ');
      throw new Fault(
        'invalid',
        `"${reference}" could be ${matches.length} images: ${candidates}${matches.length > 5 ? ', …' : ''}`,
      );
    }
    const names = images.flatMap((image) => image.aliases.map((each) => each.name));
    throw new Fault(
      'not-found',
      `Image ${JSON.stringify(reference.slice(0, 80))} does not exist${suggestion(reference, names)}`,
    );
  }

  /**
   * Builds an image and names it. The same content as an image that is there already is that image, with these names
   * too.
   */
  async build(task: Task, request: BuildRequest): Promise<StoredImage> {
    const { recipe, release } = request;
    const name = imageName(recipe, release);
    const aliases = (request.aliases.length === 0 ? defaultAliases(recipe, release) : request.aliases).map(checkAlias);
    try {
      return await this.#inWork(task, async (work) => {
        const built = await buildImage(task, this.#host, recipe, release, work);
        return this.#adopt(task, work, { ...built, recipe: name, aliases });
      });
    } catch (error) {
      throw Fault.during(`Cannot build image "${name}"`, error);
    }
  }

  /**
   * Takes an archive from anywhere: it is checked whole before it is kept. Faults: `invalid`, `exhausted`,
   * `unsupported`.
   */
  async import(task: Task, request: ImportRequest): Promise<StoredImage> {
    const aliases = request.aliases.map(checkAlias);
    try {
      return await this.#inWork(task, async (work) => {
        const path = join(work, archiveName);
        await receive(task, request.content, path, this.#options.maxImportBytes ?? defaultMaxImportBytes);
        const inspected = await inspectArchive(task, path, this.#limits);
        if (request.fingerprint !== undefined && request.fingerprint !== inspected.fingerprint) {
          throw new Fault('invalid', `Its sha256 is ${inspected.fingerprint}, and ${request.fingerprint} was expected`);
        }
        const metadata = parseMetadata(inspected.metadata);
        if (metadata.architecture !== this.#options.architecture) {
          throw new Fault(
            'unsupported',
            `It is for ${metadata.architecture}, and this host is ${this.#options.architecture}`,
          );
        }
        judgeTemplates(task.log, 'It', { rules: metadata.templates, files: inspected.templates });
        return this.#adopt(task, work, { ...inspected, metadata, aliases });
      });
    } catch (error) {
      throw Fault.during('Cannot import image', error);
    }
  }

  /** Removes an image and its aliases. Fault `in-use` while something needs it. */
  async delete(task: Task, reference: string): Promise<StoredImage> {
    const image = await this.resolve(reference);
    const users = await this.#options.usedBy(image.fingerprint);
    if (users.length > 0) {
      const names = users.slice(0, 5).join(', ');
      throw new Fault(
        'in-use',
        `Cannot delete image "${label(image)}": used by ${names}${users.length > 5 ? ', …' : ''}`,
      );
    }
    await this.#options.records.delete(image.fingerprint);
    if ((await this.#heldByOthers()).has(image.fingerprint)) return image;
    const trash = join(this.#options.directory, `${workPrefix}${randomUUID()}`);
    await rename(this.#path(image.fingerprint), trash).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
    await rm(trash, { recursive: true, force: true });
    task.log.info({ fingerprint: image.fingerprint }, 'deleted an image');
    return image;
  }

  /**
   * Unpacks the root of an image into an empty directory: the `fill` of a storage driver. Faults: `not-found`,
   * `invalid`, `exhausted`.
   */
  async unpack(task: Task, fingerprint: string, directory: string): Promise<void> {
    if (!isFingerprint(fingerprint)) throw new Fault('not-found', 'There is no image of that fingerprint');
    const path = this.archivePath(fingerprint);
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    if (!there) throw new Fault('not-found', `The file of image ${fingerprint.slice(0, 12)} is missing`);
    await unpackArchive(task, this.#options.run, this.#limits, { path, fingerprint, directory });
  }

  /** What each instance of the image gets a copy of; undefined when it has no templates. */
  async templates(fingerprint: string): Promise<ImageTemplates | undefined> {
    return await readImageTemplates(this.#path(fingerprint));
  }

  /** Points a name at an image, also one that pointed elsewhere. */
  async setAlias(name: string, reference: string, description = ''): Promise<void> {
    const { fingerprint } = await this.resolve(reference);
    await this.#options.records.setAlias({ name: checkAlias(name), fingerprint, description });
  }

  async deleteAlias(name: string): Promise<void> {
    const known = await this.#options.records.alias(name);
    if (known === undefined)
      throw new Fault('not-found', `Image alias ${JSON.stringify(name.slice(0, 80))} does not exist`);
    await this.#options.records.deleteAlias(name);
  }

  /** The image as one file, that LXD and Incus import too. */
  archivePath(fingerprint: string): string {
    return join(this.#path(fingerprint), archiveName);
  }

  /** The same, read as it is asked for: whole, also when the image is deleted meanwhile. Fault `not-found`. */
  async *content(fingerprint: string): AsyncGenerator<Uint8Array, void, void> {
    if (!isFingerprint(fingerprint)) throw new Fault('not-found', 'There is no image of that fingerprint');
    for await (const chunk of createReadStream(this.archivePath(fingerprint))) yield chunk as Buffer; // without encoding
  }

  async #heldByOthers(): Promise<ReadonlySet<string>> {
    return (await this.#options.heldByOthers?.()) ?? new Set();
  }

  #path(fingerprint: string): string {
    return join(this.#options.directory, fingerprint);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  async #inWork<T>(task: Task, action: (work: string) => Promise<T>): Promise<T> {
    const work = join(this.#options.directory, `${workPrefix}${randomUUID()}`);
    await using revert = new Revert(task.log);
    await mkdir(work, { mode: 0o700 });
    revert.push('remove the work directory', () => rm(work, { recursive: true, force: true }));
    return await action(work);
  }

  /** Makes a finished archive an image: files, to disk, renamed to their place; then the record. */
  async #adopt(task: Task, work: string, image: FinishedImage): Promise<StoredImage> {
    const { fingerprint, sizeBytes, metadata, recipe, templates: files } = image;
    const { records, directory } = this.#options;
    const known = await records.get(fingerprint);
    const aliases = image.aliases.map((name) => ({ name, fingerprint, description: '' }));
    const { architecture, properties } = metadata;
    const now = this.#now();
    const record: ImageRecord = known ?? {
      ...{ fingerprint, architecture, sizeBytes, createdAtMs: now, properties },
      ...(recipe === undefined ? {} : { recipe }),
    };
    task.signal.throwIfAborted();
    const made = join(work, 'made');
    await mkdir(made, { mode: 0o700 });
    await rename(join(work, archiveName), join(made, archiveName));
    await writeFile(join(made, metadataName), formatMetadata(metadata), { mode: 0o600, flush: true });
    const { creationDate, templates: rules } = metadata;
    await writeImageTemplates(made, { creationDate, rules, files });
    await sync(join(made, archiveName));
    await sync(made);
    await rename(made, this.#path(fingerprint)).catch((error: unknown) => {
      // The same image is there, from now or from before.
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    });
    await sync(directory);
    await records.put(record, aliases);
    return withAliases(record, await records.aliases());
  }
}

interface FinishedImage {
  readonly fingerprint: string;
  readonly sizeBytes: number;
  readonly metadata: ImageMetadata;
  readonly templates: readonly TemplateFile[];
  readonly aliases: readonly string[];
  readonly recipe?: string;
}

function defaultAliases(recipe: Recipe, release: RecipeRelease): string[] {
  const name = imageName(recipe, release);
  const others = release.aliases.map((alias) => `${recipe.name}/${alias}`);
  const bare = release === recipe.defaultRelease && name !== recipe.name ? [recipe.name] : [];
  return [name, ...others, ...bare];
}

function withAliases(record: ImageRecord, aliases: readonly ImageAlias[]): StoredImage {
  const own = aliases.filter((alias) => alias.fingerprint === record.fingerprint);
  return { ...record, aliases: own.sort((one, two) => (one.name < two.name ? -1 : 1)) };
}

/** What a person calls an image: its first alias, or the beginning of its fingerprint. */
function label(image: StoredImage): string {
  const short = image.fingerprint.slice(0, 12);
  const [alias] = image.aliases;
  return alias === undefined ? short : `${short} (${alias.name})`;
}

async function receive(task: Task, content: AsyncIterable<Uint8Array>, path: string, maxBytes: number): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  let done = 0;
  for await (const chunk of content) {
    task.signal.throwIfAborted();
    done += chunk.length;
    if (done > maxBytes) throw new Fault('exhausted', `The image is larger than ${maxBytes} bytes`);
    await file.writeFile(chunk);
    task.report({ stage: 'Receiving image', done, unit: 'bytes' });
  }
}

/** Waits until a file or directory is on the disk. */
async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
