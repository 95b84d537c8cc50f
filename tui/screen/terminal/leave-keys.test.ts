import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { KeySource, type RawInput } from './key-source.ts';
import { LeaveKeys } from './leave-keys.ts';

/** What comes through of chunks that are typed at these times, and how often one wanted to leave. */
function through(...typed: readonly (readonly [text: string, at: number])[]) {
  let now = 0;
  let left = 0;
  const keys = new LeaveKeys(
    () => {
      left += 1;
    },
    () => now,
  );
  const seen: string[] = [];
  keys.on('data', (chunk: Buffer) => seen.push(chunk.toString('latin1')));
  for (const [text, at] of typed) {
    now = at;
    keys.write(Buffer.from(text, 'latin1'));
  }
  return { seen: seen.join(''), left };
}

describe('the keys that leave a shell', () => {
  it('are ctrl+] twice, one after the other or at once', () => {
    assert.deepEqual(through(['ab\x1d', 0], ['\x1d', 100]), { seen: 'ab\x1d', left: 1 });
    assert.equal(through(['\x1d\x1d', 0]).left, 1);
  });

  it('are not one, nor two with something or a while in between', () => {
    assert.deepEqual(through(['\x1d', 0], ['x\x1d', 100]), { seen: '\x1dx\x1d', left: 0 });
    assert.deepEqual(through(['\x1d', 0], ['\x1d', 2000]), { seen: '\x1d\x1d', left: 0 });
  });

  it('do not change any other byte', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('latin1');
    assert.deepEqual(through([bytes, 0]), { seen: bytes, left: 0 });
  });
});

describe('what is typed', () => {
  it('goes to one reader at a time', async () => {
    const stdin = Object.assign(new PassThrough(), { setRawMode: () => {} }) satisfies RawInput;
    const source = new KeySource(stdin);
    const screen: string[] = [];
    const session: string[] = [];
    source.screen.on('data', (chunk) => screen.push(String(chunk)));
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    stdin.write('one');
    await settled();
    const diverted = source.divert();
    diverted.keys.on('data', (chunk) => session.push(String(chunk)));
    stdin.write('two');
    await settled();
    diverted[Symbol.dispose]();
    stdin.write('three');
    await settled();
    assert.deepEqual([screen.join(), session.join()], ['one,three', 'two']);
    source.stop();
  });
});
