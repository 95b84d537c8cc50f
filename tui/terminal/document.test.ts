import assert from 'node:assert/strict';
import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { openPipe } from '../../native/pipe.ts';
import { readDocument } from './document.ts';
import type { TerminalInput } from './terminal.ts';

function pipe(): { input: TerminalInput; writeEnd: number; stream: Socket } {
  const { readEnd, writeEnd } = openPipe();
  const stream = new Socket({ fd: readEnd, readable: true, writable: false });
  const input = { kind: 'pipe', atStart: true, stream: () => stream } as unknown as TerminalInput; // all that is asked for
  return { input, writeEnd, stream };
}

test('a document that is there is read, however long the program was busy before it could look', async () => {
  const { input, writeEnd } = pipe();
  writeSync(writeEnd, 'config: {}\n');
  closeSync(writeEnd);
  const reading = readDocument(input);
  for (const until = performance.now() + 120; performance.now() < until; );
  assert.equal(await reading, 'config: {}\n');
});

test('a pipe that somebody has left open is left alone', async () => {
  const { input, writeEnd, stream } = pipe();
  assert.equal(await readDocument(input), undefined);
  closeSync(writeEnd);
  stream.destroy();
});
