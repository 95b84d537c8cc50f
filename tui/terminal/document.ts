import { once } from 'node:events';
import { Failure } from '../client/failure.ts';
import type { TerminalInput } from './terminal.ts';

const maxDocumentBytes = 1024 * 1024;

/**
 * How long a pipe may stay silent before it is taken for one that somebody left open (`ssh` without `-n`, a service, a
 * test). See docs/decisions/0007-stdin-of-create.md.
 */
const silenceMs = 50;

/**
 * The document that came on stdin: a file that nobody has read of, or a pipe that has data or its end at once.
 * Undefined when there is none, or nothing but white space in it.
 */
export async function readDocument(input: TerminalInput): Promise<string | undefined> {
  if (input.kind !== 'file' && input.kind !== 'pipe') return undefined;
  if (input.kind === 'file' && !input.atStart) return undefined;
  const stream = input.stream();
  if (input.kind === 'pipe' && !(await hasSomething(stream))) return undefined;
  const text = await readAll(input);
  return text.trim() === '' ? undefined : text;
}

/** All that comes on stdin, however long it takes: for a command that has no other use for it. */
export async function readAll(input: TerminalInput): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input.stream()) {
    const bytes = chunk as Uint8Array; // a stream without encoding yields bytes
    size += bytes.length;
    if (size > maxDocumentBytes) throw new Failure(`The document on stdin is larger than ${maxDocumentBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether data or the end comes soon. Takes nothing: what comes stays in the stream's buffer. */
async function hasSomething(stream: NodeJS.ReadableStream): Promise<boolean> {
  const silence = new AbortController();
  // A program that was busy for all that time learns of the time before it looks for input, which comes before immediates.
  const timer = setTimeout(() => setImmediate(() => silence.abort()), silenceMs);
  try {
    await Promise.race([once(stream, 'readable', silence), once(stream, 'end', silence)]);
    return true;
  } catch (error) {
    if (!silence.signal.aborted) throw error;
    stream.pause();
    return false;
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
