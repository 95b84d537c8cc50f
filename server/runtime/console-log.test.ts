import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RecordParser, readConsoleLog } from './console-log.ts';

const time = '2026-01-02T03:04:05.678901234+00:00';
const line = (text: string, tag = 'F') => `${time} stdout ${tag} ${text}\n`;

function inDirectory<T>(use: (path: string) => Promise<T>): () => Promise<T> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-runtime-log-'));
    try {
      return await use(join(directory, 'console.log'));
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
}

async function readAll(path: string, tailBytes?: number): Promise<string> {
  const { signal } = new AbortController();
  let text = '';
  for await (const data of readConsoleLog(path, { signal, ...(tailBytes === undefined ? {} : { tailBytes }) })) {
    text += data;
  }
  return text;
}

/** Reads from a follower until it has seen `wanted`. */
async function until(stream: AsyncIterator<Buffer, void>, wanted: string): Promise<string> {
  let text = '';
  while (!text.includes(wanted)) {
    const { value } = await stream.next();
    if (value === undefined) throw new Error(`The log ended after ${JSON.stringify(text)}`);
    text += value;
  }
  return text;
}

test('full and partial lines become the bytes that the terminal put out', () => {
  const parser = new RecordParser();
  const records = parser.parse(Buffer.from(`${line('one\r')}${line('lo', 'P')}${line('gin: ', 'P')}`));
  assert.equal(records.map(({ data }) => data.toString()).join(''), 'one\r\nlogin: ');
  assert.equal(records[0]?.time, time);
});

test('a record may arrive in any pieces', () => {
  const bytes = Buffer.from(line('grüße\r') + line('$ ', 'P'));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const parser = new RecordParser();
    const records = [...parser.parse(bytes.subarray(0, cut)), ...parser.parse(bytes.subarray(cut))];
    assert.equal(Buffer.concat(records.map(({ data }) => data)).toString(), 'grüße\r\n$ ');
  }
});

test('bytes that are no text and no record do not stop the reader or grow its memory', () => {
  const parser = new RecordParser();
  const binary = Buffer.concat([Buffer.from(`${time} stdout P `), Buffer.from([0xff, 0x00, 0x1b]), Buffer.from('\n')]);
  assert.deepEqual(parser.parse(binary)[0]?.data, Buffer.from([0xff, 0x00, 0x1b]));
  assert.deepEqual(parser.parse(Buffer.from('garbage\n\n')), []);
  assert.deepEqual(parser.parse(Buffer.alloc(100_000, 'x')), []);
  assert.deepEqual(parser.parse(Buffer.from('rest of it\n')), []);
  assert.equal(parser.parse(Buffer.from(line('again')))[0]?.data.toString(), 'again\n');
});

test(
  'the tail begins at a whole record',
  inDirectory(async (path) => {
    writeFileSync(path, line('one') + line('two') + line('three'));
    assert.equal(await readAll(path), 'one\ntwo\nthree\n');
    assert.equal(await readAll(path, line('three').length), 'three\n');
    assert.equal(await readAll(path, line('three').length + 3), 'three\n');
    assert.equal(await readAll(path, 0), '');
    assert.equal(await readAll(path, 1_000_000), 'one\ntwo\nthree\n');
  }),
);

test(
  'a log that does not exist is empty',
  inDirectory(async (path) => assert.equal(await readAll(path), '')),
);

test(
  'a follower sees what is appended, a new file under the name and a truncation, and ends when it is told to',
  { timeout: 10_000 },
  inDirectory(async (path) => {
    const stop = new AbortController();
    const stream = readConsoleLog(path, { signal: stop.signal, follow: true });
    try {
      const first = until(stream, 'born\n'); // may wait for a file that is not there yet
      writeFileSync(path, line('born'));
      await first;
      appendFileSync(path, line('more'));
      assert.equal(await until(stream, 'more\n'), 'more\n');
      appendFileSync(path, line('last words'));
      writeFileSync(`${path}.tmp`, line('new file'));
      renameSync(`${path}.tmp`, path);
      assert.equal(await until(stream, 'new file\n'), 'last words\nnew file\n');
      truncateSync(path);
      appendFileSync(path, line('x'));
      assert.equal(await until(stream, 'x\n'), 'x\n');
      const end = stream.next();
      stop.abort();
      assert.deepEqual(await end, { done: true, value: undefined });
    } finally {
      stop.abort(); // a watch that is left keeps the process from ending
    }
  }),
);
