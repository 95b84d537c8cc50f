import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errnoOf } from '../base/fault.ts';
import { FileWatch } from '../host/file-watch.ts';

export interface ConsoleLogOptions {
  readonly signal: AbortSignal;
  /** Go on with what is appended, until `signal` aborts. Otherwise ends at the end of the file. */
  readonly follow?: boolean;
  /** Begin at the first whole record of the last so many bytes of the file, 0 for its end. Default: its beginning. */
  readonly tailBytes?: number;
}

/** One piece of output, as conmon logged it. */
export interface ConsoleRecord {
  /** RFC 3339, nanoseconds. */
  readonly time: string;
  /** The bytes that the terminal put out; a line's end is part of them. */
  readonly data: Buffer;
}

const chunkBytes = 64 * 1024;
/** conmon reads 8 KiB at a time, so no record of its own is longer. */
const maxRecordBytes = 16 * 1024;

/**
 * The output on a console, as raw bytes, from the log that conmon writes (`TIME stdout P|F DATA`; P: the line goes on).
 * Ends without an error when `signal` aborts. Follows the log when conmon begins a new file under the same name, and
 * begins again when it was truncated. Holds one chunk at a time: whoever reads slowly stays behind, nothing is queued.
 */
export async function* readConsoleLog(path: string, options: ConsoleLogOptions): AsyncGenerator<Buffer, void> {
  for await (const records of readConsoleRecords(path, options)) {
    yield Buffer.concat(records.map((record) => record.data));
  }
}

/** The same as records with their times, those of one chunk together. */
export async function* readConsoleRecords(
  path: string,
  { signal, follow = false, tailBytes }: ConsoleLogOptions,
): AsyncGenerator<ConsoleRecord[], void> {
  using changes = follow ? new FileWatch() : undefined;
  // The directory reports what happens to the file as well as a new file under its name.
  changes?.add(dirname(path), basename(path));
  for (let tail = tailBytes; !signal.aborted; tail = undefined) {
    const file = await openIfThere(path);
    // Only the first file is skipped into: what comes after a rotation is new.
    if (file !== undefined) yield* readFile(file, path, signal, changes, tail);
    else if (!(await changes?.next(signal))) return;
    if (changes === undefined) return;
  }
}

/** Reads one file to its end or, when following, until another one has its name or it was truncated. */
async function* readFile(
  file: FileHandle,
  path: string,
  signal: AbortSignal,
  changes: FileWatch | undefined,
  tailBytes: number | undefined,
): AsyncGenerator<ConsoleRecord[], void> {
  try {
    const { size, ino } = await file.stat();
    let offset = Math.max(0, tailBytes === undefined ? 0 : size - tailBytes);
    const records = new RecordParser(offset > 0 && !(await beginsRecord(file, offset)));
    const chunk = Buffer.alloc(chunkBytes);
    for (let replaced = false; !signal.aborted; ) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
      offset += bytesRead;
      const found = records.parse(chunk.subarray(0, bytesRead));
      if (found.length > 0) yield found;
      if (bytesRead > 0) continue;
      if (changes === undefined || replaced) return;
      const now = await stat(path).catch(() => undefined);
      if (now !== undefined && now.ino === ino && now.size < offset) return;
      // Read once more before leaving: it may have been written to between the last read and the change of name.
      replaced = now !== undefined && now.ino !== ino;
      if (!replaced && !(await changes.next(signal))) return;
    }
  } finally {
    await file.close();
  }
}

/** Whether the byte before `offset` ends a line. */
async function beginsRecord(file: FileHandle, offset: number): Promise<boolean> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, offset - 1);
  return bytesRead === 1 && buffer[0] === lineBreak;
}

const lineBreak = 10;
const header = /^(\S{1,64}) (?:stdout|stderr) ([PF]) /;
/** The longest that `header` can match. */
const maxHeaderBytes = 80;

/** Cuts a stream of bytes into records. What is no record is skipped to the end of its line. */
export class RecordParser {
  #rest = Buffer.alloc(0);
  #skipping: boolean;

  constructor(inMiddleOfRecord = false) {
    this.#skipping = inMiddleOfRecord;
  }

  /** The records that are complete now. `chunk` may be reused afterwards. */
  parse(chunk: Buffer): ConsoleRecord[] {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const records: ConsoleRecord[] = [];
    let start = 0;
    for (let end = bytes.indexOf(lineBreak); end !== -1; end = bytes.indexOf(lineBreak, start)) {
      const record = this.#skipping ? undefined : parseRecord(bytes.subarray(start, end + 1));
      if (record !== undefined) records.push(record);
      this.#skipping = false;
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > maxRecordBytes) {
      this.#rest = Buffer.alloc(0);
      this.#skipping = true;
    }
    return records;
  }
}

/** `line` ends with the line break that conmon has put there. */
function parseRecord(line: Buffer): ConsoleRecord | undefined {
  const match = header.exec(line.toString('latin1', 0, maxHeaderBytes));
  const [head = '', time = '', tag] = match ?? [];
  if (match === null) return undefined;
  return { time, data: line.subarray(head.length, tag === 'P' ? line.length - 1 : line.length) };
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
