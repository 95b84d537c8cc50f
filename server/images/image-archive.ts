import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import { failed, type Run } from '../host/run.ts';
import type { TemplateFile } from '../templates/template-set.ts';
import { ImageFilter, type ImageLimits } from './image-filter.ts';

/** What the archive of an image was found to be. */
export interface InspectedArchive {
  /** sha256 of the file, 64 hexadecimal digits. */
  readonly fingerprint: string;
  readonly sizeBytes: number;
  readonly entries: number;
  readonly unpackedBytes: number;
  /** The text of `metadata.yaml`. */
  readonly metadata: string;
  /** The files of `templates/`. */
  readonly templates: readonly TemplateFile[];
}

type Compression = 'zstd' | 'gzip' | 'none';

const readSize = 1024 * 1024;

/** Where the reader of an archive leaves what it saw once it is through. */
interface Seen {
  fingerprint: string;
  sizeBytes: number;
}

/**
 * Unpacks the root of an image into an empty directory. The archive is hostile (see `ImageFilter`): only what the
 * filter wrote anew reaches `tar`. The file must still be the one whose sha256 is `fingerprint`, or the fault is
 * `invalid`. What a failure leaves in `directory` is the caller's to remove.
 */
export async function unpackArchive(
  task: Task,
  run: Run,
  limits: ImageLimits,
  source: { readonly path: string; readonly fingerprint: string; readonly directory: string },
): Promise<void> {
  const { path, fingerprint, directory } = source;
  const seen: Seen = { fingerprint: '', sizeBytes: 0 };
  const filter = new ImageFilter(limits);
  // Attributes are those that the filter let through; tar's own default would drop file capabilities.
  const attributes = ['--xattrs', '--xattrs-include=*', '--acls'];
  const argv = [
    'tar',
    '--extract',
    '--file=-',
    '--blocking-factor=512',
    `--directory=${directory}`,
    '--same-permissions',
    '--same-owner',
    '--numeric-owner',
    ...attributes,
  ];
  const input = filtered(filter, await readArchive(task, path, seen, 'Unpacking image'));
  const result = await run(argv, { signal: task.signal, input });
  if (result.exitCode !== 0) throw spaceOr(failed(result), result.stderr);
  if (seen.fingerprint !== fingerprint) {
    throw new Fault('invalid', `The file of image ${fingerprint.slice(0, 12)} is damaged: its content has changed`);
  }
}

/** Reads an archive to its end as `unpackArchive` would, without writing anything. Faults: `invalid`, `exhausted`. */
export async function inspectArchive(task: Task, path: string, limits: ImageLimits): Promise<InspectedArchive> {
  const seen: Seen = { fingerprint: '', sizeBytes: 0 };
  const filter = new ImageFilter(limits);
  for await (const _ of filtered(filter, await readArchive(task, path, seen, 'Checking image')));
  const { entries, unpackedBytes, metadata = '', templates } = filter;
  return { ...seen, entries, unpackedBytes, metadata, templates };
}

/** sha256 of a file. */
export async function hashFile(signal: AbortSignal, path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: readSize, signal })) hash.update(chunk);
  return hash.digest('hex');
}

async function* filtered(filter: ImageFilter, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield* joined(filter.push(chunk));
  yield* filter.finish();
}

/** One write for many small pieces: a header and a small file are each a few hundred bytes. */
function joined(pieces: Uint8Array[]): Uint8Array[] {
  return pieces.length < 2 ? pieces : [Buffer.concat(pieces)];
}

/** The decompressed bytes of a file; fills `seen` when the file was read to its end. */
async function readArchive(task: Task, path: string, seen: Seen, stage: string): Promise<AsyncIterable<Uint8Array>> {
  const { compression, sizeBytes } = await look(path);
  const hash = createHash('sha256');
  let done = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      done += chunk.length;
      task.report({ stage, done, total: sizeBytes, unit: 'bytes' });
      next(null, chunk);
    },
    flush(next) {
      seen.fingerprint = hash.digest('hex');
      seen.sizeBytes = done;
      next();
    },
  });
  const file = createReadStream(path, { highWaterMark: readSize, signal: task.signal });
  // Errors reach the reader through the last stream, which `pipeline` destroys with them.
  if (compression === 'none') return pipeline(file, tap, () => {});
  const unzip =
    compression === 'zstd' ? createZstdDecompress({ chunkSize: readSize }) : createGunzip({ chunkSize: readSize });
  return decompressed(pipeline(file, tap, unzip, () => {}));
}

async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    const zlib = error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_|ERR_.*ZLIB)/.test(String(error.code));
    throw zlib ? new Fault('invalid', 'The image is damaged: it cannot be decompressed', { cause: error }) : error;
  }
}

async function look(path: string): Promise<{ compression: Compression; sizeBytes: number }> {
  await using file = await open(path);
  const { size: sizeBytes } = await file.stat();
  const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
  if (buffer.readUInt32LE(0) === 0xfd2fb528) return { compression: 'zstd', sizeBytes };
  if (buffer.readUInt16BE(0) === 0x1f8b) return { compression: 'gzip', sizeBytes };
  const others = { xz: 'fd377a58', bzip2: '425a68', squashfs: '68737173', lzma: '5d0000' };
  for (const [name, magic] of Object.entries(others)) {
    if (!buffer.toString('hex').startsWith(magic)) continue;
    throw new Fault(
      'unsupported',
      `The image is compressed with ${name}; yurt reads tar archives, plain or compressed with zstd or gzip`,
    );
  }
  return { compression: 'none', sizeBytes };
}

function spaceOr(fault: Fault, stderr: string): Fault {
  return /No space left on device|Disk quota exceeded/.test(stderr)
    ? new Fault('exhausted', fault.message, { cause: fault })
    : fault;
}
