import { PassThrough, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { ProgramOutput } from '../host/program-output.ts';
import { tarTypes } from '../images/tar-format.ts';
import { tarEnd, tarFile } from '../images/tar-writer.ts';
import type { ProjectAdmission } from '../instances/admission.ts';
import type { HeldWork } from '../instances/held-work.ts';
import type { Instance } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { InstanceMetadata, InstanceMetadataRecords } from '../instances/templates/instance-metadata.ts';
import type { Snapshot } from '../snapshots/snapshot.ts';
import type { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import type { SnapshotTaker } from '../snapshots/take-snapshot.ts';
import type { StorageDriver } from '../storage/contract.ts';
import { formatIndex, indexName } from './backup-index.ts';
import { metadataEntries } from './metadata-entries.ts';
import { rootEntries } from './root-entries.ts';

/** The first one is the default. */
export const compressions = ['gzip', 'zstd', 'none'] as const;
export type Compression = (typeof compressions)[number];

export interface ExportRequest {
  readonly project: string;
  readonly instance: string;
  /** Leaves the snapshots out. */
  readonly instanceOnly: boolean;
  /** Empty: the default. */
  readonly compression: string;
}

/** What of an instance becomes a backup. */
export interface BackupContent {
  /** Of the instance; empty: the instance as it is. */
  readonly snapshot: string;
  readonly instanceOnly: boolean;
  /** Snapshots whose roots are left out: the reader has them. */
  readonly known: (snapshot: Snapshot) => boolean;
  /** Empty: the default. */
  readonly compression: string;
}

export interface ExportDeps {
  readonly admission: Pick<ProjectAdmission, 'checkAllowed'>;
  readonly records: InstanceRecords;
  readonly snapshots: SnapshotRecords;
  readonly metadata: Pick<InstanceMetadataRecords, 'find'>;
  readonly taker: Pick<SnapshotTaker, 'whileKept'>;
  readonly pool: (name: string) => StorageDriver;
  readonly work: HeldWork;
  readonly output: ProgramOutput;
}

/** Writes instances as backups: docs/reference/backup-format.md. */
export class InstanceExporter {
  readonly #deps: ExportDeps;

  constructor(deps: ExportDeps) {
    this.#deps = deps;
  }

  /**
   * The backup, as fast as it is read. The instance is kept first, and is free for other verbs while it is read. Whoever
   * stops reading ends the work; nothing of it stays. Faults: `not-found`, `forbidden`, `invalid`, `wrong-state`.
   */
  async *export(task: Task, request: ExportRequest): AsyncGenerator<Uint8Array, void, void> {
    const { admission, records, work } = this.#deps;
    await admission.checkAllowed(request.project, 'backups');
    checkCompression(request.compression);
    const { name } = await records.get(request.project, request.instance);
    using held = new DisposableStack();
    held.use(work.hold({ project: request.project, name }, 'exported'));
    const instance = await records.get(request.project, name);
    try {
      const content = { ...request, snapshot: '', known: () => false };
      yield* this.backup(task, instance, content, () => held.dispose());
    } catch (error) {
      throw Fault.during(`Cannot export instance "${name}"`, error);
    }
  }

  /** The same of an instance that the caller holds. Calls `kept` when the instance may change again. */
  async *backup(
    task: Task,
    instance: Instance,
    content: BackupContent,
    kept: () => void,
  ): AsyncGenerator<Uint8Array, void, void> {
    const output = compressor(content.compression);
    const written = this.#write(task, instance, content, output, kept);
    written.catch((error: unknown) => output.destroy(Fault.from(error)));
    try {
      for await (const chunk of output) yield chunk as Uint8Array; // a stream without encoding yields bytes
      await written;
    } finally {
      output.destroy();
      await written.catch(() => {});
    }
  }

  async #write(
    task: Task,
    instance: Instance,
    content: BackupContent,
    output: Transform,
    kept: () => void,
  ): Promise<void> {
    const { snapshots, taker } = this.#deps;
    if (content.snapshot !== '') {
      const snapshot = await snapshots.get(instance, content.snapshot);
      kept();
      return await this.#writeKept(task, instance, snapshot, [], content, output);
    }
    const all = content.instanceOnly ? [] : await snapshots.list(instance.uuid);
    const ready = all.filter(({ phase }) => phase === 'ready');
    await taker.whileKept(task, instance, async (now) => {
      kept();
      await this.#writeKept(task, instance, now, ready, content, output);
    });
  }

  async #writeKept(
    task: Task,
    { name }: Instance,
    now: Snapshot,
    snapshots: readonly Snapshot[],
    { known }: BackupContent,
    output: Transform,
  ): Promise<void> {
    const described = snapshots.map(({ name, createdAt, expiresAt, kept }) => ({ name, createdAt, expiresAt, kept }));
    await pump(task, textEntry(indexName, formatIndex({ name, instance: now.kept, snapshots: described })), output);
    for (const each of snapshots) {
      if (!known(each)) await this.#root(task, each, `backup/snapshots/${each.name}`, output);
    }
    await this.#root(task, now, 'backup/container', output);
    output.end(tarEnd);
  }

  /** A root, behind what is due to be written into it. */
  async #root(task: Task, { pool, uuid }: Snapshot, prefix: string, output: Transform): Promise<void> {
    const metadata = await this.#deps.metadata.find(uuid);
    if (metadata !== undefined) await pump(task, entriesOf(`${prefix}/`, metadata), output);
    await this.#deps.pool(pool).readSnapshot(task, uuid, async (directory) => {
      await pump(task, rootEntries(task, this.#deps.output, directory, `${prefix}/rootfs`), output);
    });
  }
}

/** Fault `invalid`. */
function checkCompression(name: string): void {
  if (name === '' || compressions.some((each) => each === name)) return;
  throw new Fault('invalid', `No compression ${JSON.stringify(name.slice(0, 40))}: use ${compressions.join(', ')}`);
}

function compressor(name: string): Transform {
  checkCompression(name);
  const found: Compression | undefined = name === '' ? compressions[0] : compressions.find((each) => each === name);
  if (found === 'gzip') return createGzip({ level: 1 });
  if (found === 'zstd') return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  return new PassThrough();
}

/** Writes it all, and leaves the output open. When this has ended, so has what the entries are read from. */
async function pump(task: Task, entries: AsyncGenerator<Uint8Array, void, void>, output: Transform): Promise<void> {
  try {
    await pipeline(Readable.from(entries, { objectMode: false }), output, { end: false, signal: task.signal });
  } finally {
    await entries.return();
  }
}

async function* entriesOf(prefix: string, metadata: InstanceMetadata): AsyncGenerator<Uint8Array, void, void> {
  yield* metadataEntries(prefix, { ...metadata, templates: metadata.rules }, metadata.files);
}

async function* textEntry(name: string, text: string): AsyncGenerator<Uint8Array, void, void> {
  const content = Buffer.from(text);
  const attributes = new Map<string, string>();
  const mtime = Math.floor(Date.now() / 1000);
  const owner = { linkName: '', uid: 0, gid: 0, mode: 0o600, mtime, attributes };
  yield tarFile({ ...owner, name, type: tarTypes.file, sizeBytes: content.length }, content);
}
