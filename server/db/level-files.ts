import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../base/crc32c.ts';
import { errnoOf, Fault } from '../base/fault.ts';

/** A log is a sequence of blocks, each of records that do not cross it. LevelDB's doc/log_format.md. */
const blockBytes = 32 * 1024;
/** Checksum, length, type. */
const headerBytes = 7;
/** Whole, first, middle, last. */
const maxRecordType = 4;
/** Opening again writes what is in the log as a table, and begins new files. */
const spareBytes = 1024 * 1024;

/**
 * Why LevelDB must not open these files, though it would: where records are missing or cannot be read, it begins with what is
 * left, and removes the rest. Undefined when nothing is wrong with what it does not look at itself.
 */
export async function damageOf(directory: string): Promise<string | undefined> {
  const names = await namesIn(directory);
  const data = names.filter((name) => /\.(ldb|sst|log)$/.test(name));
  if (data.length > 0 && !names.includes('CURRENT')) return 'the file CURRENT is missing';
  for (const name of logsAmong(names)) {
    const damaged = damagedRecord(await readFile(join(directory, name)));
    if (damaged !== undefined) return `${name} has a damaged record at byte ${damaged}`;
  }
  return undefined;
}

/** Whether the files can be opened again. Tried, because what statfs(2) counts as free is not always to be had. Fault `exhausted`. */
export async function checkRoom(directory: string): Promise<void> {
  const logs = logsAmong(await namesIn(directory));
  const sizes = await Promise.all(logs.map(async (name) => (await stat(join(directory, name))).size));
  const trial = join(directory, 'room');
  try {
    await writeFile(trial, Buffer.alloc(sizes.reduce((sum, size) => sum + 2 * size, spareBytes)));
  } catch (error) {
    throw new Fault('exhausted', `No space left for the state in ${directory}`, { cause: error });
  } finally {
    await rm(trial, { force: true });
  }
}

/**
 * Where the first record is that was whole once. One that ends the log, cut off or half written, is what the machine's end has
 * made of a commit that nobody was told of; and zeros are room that was never written to.
 */
function damagedRecord(log: Buffer): number | undefined {
  for (let at = 0; at + headerBytes <= log.length; ) {
    const left = blockBytes - (at % blockBytes);
    const [length, type] = left < headerBytes ? [0, 0] : [log.readUInt16LE(at + 4), log.readUInt8(at + 6)];
    if (length === 0 && type === 0) {
      at += left;
      continue;
    }
    if (type === 0 || type > maxRecordType || headerBytes + length > left) return at;
    const end = at + headerBytes + length;
    if (end > log.length) return undefined;
    const intact = log.readUInt32LE(at) === masked(crc32c(log.subarray(at + 6, end)));
    if (!intact) return log.subarray(end).some((byte) => byte !== 0) ? at : undefined;
    at = end;
  }
  return undefined;
}

/** LevelDB's guard against checksums of what has checksums in it: util/crc32c.h. */
function masked(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    // Not there, or no directory: it is LevelDB that makes it, or says why it cannot.
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function logsAmong(names: readonly string[]): string[] {
  return names.filter((name) => name.endsWith('.log')).sort();
}
