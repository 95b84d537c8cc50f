import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { silentLog } from '../base/log.ts';
import type { Progress, Task } from '../base/task.ts';
import type { Run, RunOptions } from '../host/run.ts';
import { imageLimits } from './image-filter.ts';
import type { ImageRecord } from './image-records.ts';
import { ImageRecordsInMemory } from './image-records-in-memory.ts';
import { ImageStore, type ImageStoreOptions } from './image-store.ts';
import { parseRecipe } from './recipe.ts';
import { tarTypes } from './tar-format.ts';
import { TarReader } from './tar-reader.ts';
import { tarEnd, tarFile } from './tar-writer.ts';

test('an imported image is found by alias, by fingerprint and by the beginning of it', async () => {
  await using world = await World.make();
  const content = zstdCompressSync(archive());
  const image = await world.store.import(world.task, { content: pieces(content), aliases: ['team/web', 'web'] });
  assert.equal(image.fingerprint, sha256(content));
  assert.deepEqual(image.properties, { os: 'Test' });
  assert.equal(image.createdAtMs, 1000);
  for (const reference of [
    'web',
    'team/web',
    image.fingerprint,
    image.fingerprint.slice(0, 12),
    image.fingerprint.slice(0, 3),
  ]) {
    assert.equal((await world.store.resolve(reference)).fingerprint, image.fingerprint);
  }
  assert.deepEqual(await readFile(world.store.archivePath(image.fingerprint)), content);
  assert.equal((await stat(join(world.directory, image.fingerprint))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(world.directory), [image.fingerprint]);
});

test('the last use of an image is noted, once a minute', async () => {
  await using world = await World.make();
  await world.records.put({ ...record('a'.repeat(64)), createdAtMs: 1 }, []);
  const usedAt = async () => (await world.store.resolve('aaa')).lastUsedAtMs;
  assert.equal(await usedAt(), undefined);
  for (const [now, noted] of [
    [100_000, 100_000],
    [159_999, 100_000],
    [160_000, 160_000],
  ] as const) {
    world.now = now;
    await world.store.use('aaa');
    assert.equal(await usedAt(), noted);
  }
});

test('an ambiguous reference is a fault that names the candidates', async () => {
  await using world = await World.make();
  for (const end of ['1', '2']) await world.records.put(record('a'.repeat(63) + end), []);
  await world.records.setAlias({ name: 'one', fingerprint: `${'a'.repeat(63)}1`, description: '' });
  await assert.rejects(world.store.resolve('aaaa'), {
    code: 'invalid',
    message: /could be 2 images: a{12} \(one\), a{12}/,
  });
});

test('an alias comes before the beginning of a fingerprint, and what is nothing is not found', async () => {
  await using world = await World.make();
  await world.records.put(record('abc'.padEnd(64, '0')), []);
  await world.records.put(record('f'.repeat(64)), [{ name: 'abc', fingerprint: 'f'.repeat(64), description: '' }]);
  assert.equal((await world.store.resolve('abc')).fingerprint, 'f'.repeat(64));
  for (const reference of ['', 'abd', 'nothing', '../abc', '0'.repeat(64), '0'.repeat(65)]) {
    await assert.rejects(world.store.resolve(reference), { code: 'not-found' }, reference);
  }
  await assert.rejects(world.store.resolve('abcd'), { code: 'not-found', message: /did you mean "abc"/ });
});

test('an import that is not what was announced is refused, and nothing of it stays', async () => {
  await using world = await World.make();
  const good = zstdCompressSync(archive());
  const refused: [Uint8Array, string | undefined, RegExp][] = [
    [good, 'f'.repeat(64), /sha256 is .* and f+ was expected/],
    [good.subarray(0, good.length - 20), undefined, /cannot be decompressed|too early/],
    [
      Buffer.concat([good.subarray(0, 100), Buffer.alloc(50), good.subarray(150)]),
      undefined,
      /cannot be|not usable|wrong checksum/,
    ],
    [Buffer.from('not an archive'), undefined, /too early/],
    [Buffer.alloc(0), undefined, /too early/],
    [Buffer.from('fd377a585a000000', 'hex'), undefined, /compressed with xz/],
    [zstdCompressSync(archive('architecture: s390x\n')), undefined, /is for s390x, and this host is x86_64/],
    [zstdCompressSync(archive('a: &x [1]\nb: *x\n')), undefined, /alias or anchor/],
    [zstdCompressSync(archive('{}')), undefined, /no valid architecture/],
  ];
  for (const [content, fingerprint, message] of refused) {
    const request = { content: pieces(content), aliases: ['x'], ...(fingerprint === undefined ? {} : { fingerprint }) };
    await assert.rejects(world.store.import(world.task, request), { name: 'Fault', message });
  }
  assert.deepEqual(await readdir(world.directory), []);
  assert.deepEqual(await world.store.list(), []);
});

test('a bomb is stopped at the limit, and so is an import without end', async () => {
  await using world = await World.make({
    limits: { ...imageLimits, maxUnpackedBytes: 1_000_000 },
    maxImportBytes: 100_000,
  });
  const bomb = zstdCompressSync(archive('architecture: x86_64\n', Buffer.alloc(50_000_000)));
  assert.ok(bomb.length < 100_000);
  await assert.rejects(world.store.import(world.task, { content: pieces(bomb), aliases: [] }), { code: 'exhausted' });
  async function* endless() {
    for (;;) yield Buffer.alloc(10_000);
  }
  await assert.rejects(world.store.import(world.task, { content: endless(), aliases: [] }), { code: 'exhausted' });
  assert.deepEqual(await readdir(world.directory), []);
});

test('the same content twice is one image with both names', async () => {
  await using world = await World.make();
  const content = gzipSync(archive());
  const first = await world.store.import(world.task, { content: pieces(content), aliases: ['one'] });
  const second = await world.store.import(world.task, { content: pieces(content), aliases: ['two'] });
  assert.equal(first.fingerprint, second.fingerprint);
  assert.deepEqual(
    second.aliases.map((alias) => alias.name),
    ['one', 'two'],
  );
  assert.equal((await world.store.list()).length, 1);
});

test('names that could be taken for something else are refused before any work', async () => {
  await using world = await World.make();
  for (const alias of ['', '/', 'a/', '../a', 'a b', 'a\nb', '-a', 'a'.repeat(200), 'f'.repeat(64)]) {
    const content = pieces(Buffer.alloc(0));
    await assert.rejects(world.store.import(world.task, { content, aliases: [alias] }), {
      code: 'invalid',
      message: /alias/,
    });
  }
});

test('unpacking hands on the root alone, and notices when the file has changed', async () => {
  await using world = await World.make();
  const content = zstdCompressSync(archive());
  const { fingerprint } = await world.store.import(world.task, { content: pieces(content), aliases: [] });
  await world.store.unpack(world.task, fingerprint, '/volume');
  assert.ok(world.argv.includes('--directory=/volume'));
  assert.deepEqual(names(world.input), ['./', 'etc/', 'etc/name', 'etc/link']);
  assert.ok(world.progress.some(({ stage, done, total }) => stage === 'Unpacking image' && done === total));
  const other = zstdCompressSync(archive('architecture: x86_64\n', Buffer.from('other')));
  await writeFile(world.store.archivePath(fingerprint), other);
  await assert.rejects(world.store.unpack(world.task, fingerprint, '/volume'), {
    code: 'invalid',
    message: /is damaged/,
  });
});

test('unpacking what is not there is not found', async () => {
  await using world = await World.make();
  await assert.rejects(world.store.unpack(world.task, 'f'.repeat(64), '/volume'), { code: 'not-found' });
  await assert.rejects(world.store.unpack(world.task, '../../etc', '/volume'), { code: 'not-found' });
});

test('an image with users is not deleted; without, it and its names are gone', async () => {
  const users: string[] = ['web1'];
  await using world = await World.make({ usedBy: async () => users });
  const content = zstdCompressSync(archive());
  await world.store.import(world.task, { content: pieces(content), aliases: ['web'] });
  await assert.rejects(world.store.delete(world.task, 'web'), { code: 'in-use', message: /\(web\)": used by web1/ });
  users.pop();
  await world.store.delete(world.task, 'web');
  assert.deepEqual(await readdir(world.directory), []);
  assert.deepEqual(await world.records.aliases(), []);
  await assert.rejects(world.store.delete(world.task, 'web'), { code: 'not-found' });
});

test('repair removes unfinished work and files without a record, keeps images and what is not its own', async () => {
  await using world = await World.make();
  const content = zstdCompressSync(archive());
  const { fingerprint } = await world.store.import(world.task, { content: pieces(content), aliases: [] });
  for (const name of ['.work-1', 'e'.repeat(64), 'notes'])
    await mkdir(join(world.directory, name, 'rootfs'), { recursive: true });
  await world.store.repair(world.task);
  assert.deepEqual((await readdir(world.directory)).sort(), [fingerprint, 'notes'].sort());
});

test('a build whose program fails leaves nothing and says what was tried', async () => {
  await using world = await World.make({ run: async (argv) => ({ argv, exitCode: 1, stdout: '', stderr: 'boom' }) });
  const recipe = parseRecipe('x', 'name: t\ndescription: T\nfrom: mmdebstrap\nreleases: {"1": {suite: nosuch}}');
  const request = { recipe, release: recipe.defaultRelease, aliases: [] };
  await assert.rejects(world.store.build(world.task, request), {
    name: 'Fault',
    message: /^Cannot build image "t\/1": /,
  });
  assert.deepEqual(await readdir(world.directory), []);
});

test('a recipe for other architectures is refused', async () => {
  await using world = await World.make();
  const recipe = parseRecipe('x', 'name: t\ndescription: T\nfrom: busybox\narchitectures: [aarch64]');
  const request = { recipe, release: recipe.defaultRelease, aliases: [] };
  await assert.rejects(world.store.build(world.task, request), { code: 'unsupported', message: /is for aarch64/ });
});

test('an alias can be moved and removed', async () => {
  await using world = await World.make();
  for (const digit of ['a', 'b']) await world.records.put(record(digit.repeat(64)), []);
  await world.store.setAlias('web', 'a'.repeat(64));
  await world.store.setAlias('web', 'bbb');
  assert.equal((await world.store.resolve('web')).fingerprint, 'b'.repeat(64));
  await world.store.deleteAlias('web');
  await assert.rejects(world.store.deleteAlias('web'), { code: 'not-found' });
});

/** A store in a directory of its own, over a fake of the programs that keeps what they were given. */
class World implements AsyncDisposable {
  now = 1000;
  readonly records = new ImageRecordsInMemory();
  readonly progress: Progress[] = [];
  readonly task: Task = {
    signal: new AbortController().signal,
    log: silentLog,
    report: (progress) => this.progress.push(progress),
  };
  readonly store: ImageStore;
  readonly directory: string;
  argv: readonly string[] = [];
  input: Buffer = Buffer.alloc(0);
  readonly #remove: () => Promise<void>;

  static async make(options: Partial<ImageStoreOptions> = {}): Promise<World> {
    const folder = await mkdtempDisposable(join(tmpdir(), 'yurt-images-'));
    return new World(folder.path, () => folder.remove(), options);
  }

  private constructor(directory: string, remove: () => Promise<void>, options: Partial<ImageStoreOptions>) {
    this.directory = directory;
    this.#remove = remove;
    this.store = new ImageStore({
      ...{ directory, records: this.records, run: this.#run, architecture: 'x86_64', now: () => this.now },
      ...{ usedBy: async () => [], ...options },
    });
  }

  readonly #run: Run = async (argv: readonly string[], options: RunOptions = {}) => {
    this.argv = argv;
    const { input } = options;
    const chunks: Uint8Array[] = [];
    if (typeof input === 'object' && Symbol.asyncIterator in input) for await (const chunk of input) chunks.push(chunk);
    this.input = Buffer.concat(chunks);
    return { argv, exitCode: 0, stdout: '', stderr: '' };
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove();
  }
}

function archive(
  metadata = 'architecture: x86_64\nproperties: {os: Test}\n',
  content: Uint8Array = Buffer.from('tiny\n'),
): Buffer {
  const common = {
    linkName: '',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    attributes: new Map<string, string>(),
    sizeBytes: 0,
  };
  const file = (name: string, bytes: Uint8Array) =>
    tarFile({ ...common, name, type: tarTypes.file, sizeBytes: bytes.length }, bytes);
  const directory = (name: string) => tarFile({ ...common, name, type: tarTypes.directory }, Buffer.alloc(0));
  return Buffer.concat([
    file('metadata.yaml', Buffer.from(metadata)),
    directory('rootfs/'),
    directory('rootfs/etc/'),
    file('rootfs/etc/name', content),
    tarFile(
      { ...common, name: 'rootfs/etc/link', type: tarTypes.symbolicLink, linkName: '/etc/name' },
      Buffer.alloc(0),
    ),
    tarEnd,
  ]);
}

async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 10_000) yield content.subarray(at, at + 10_000);
}

function names(tar: Uint8Array): string[] {
  const found: string[] = [];
  const reader = new TarReader({ entry: ({ name }) => found.push(name) === 0, data: () => {}, endEntry: () => {} });
  reader.push(tar);
  reader.finish();
  return found;
}

function record(fingerprint: string): ImageRecord {
  return { fingerprint, architecture: 'x86_64', sizeBytes: 1, createdAtMs: 1, properties: {} };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
