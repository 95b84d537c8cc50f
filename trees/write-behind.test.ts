import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WriteBehind } from './write-behind.ts';

const pieceBytes = 64 * 1024;
const piece = (index: number, length = pieceBytes) => Buffer.alloc(length, index + 1);

describe('writing behind', () => {
  let directory = '';
  let fd = -1;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'yurt-behind-'));
    fd = openSync(join(directory, 'file'), 'w');
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  const content = () => readFileSync(join(directory, 'file'));

  for (const [what, length] of [
    ['one piece', pieceBytes],
    ['many pieces', 5 * 1024 * 1024 + 17],
  ] as const) {
    it(`brings all of ${what} to its place`, async () => {
      const behind = new WriteBehind(fd);
      const pieces: Buffer[] = [];
      for (let at = 0; at < length; at += pieceBytes) {
        const data = piece(pieces.length, Math.min(pieceBytes, length - at));
        pieces.push(data);
        await behind.write(data, at);
      }
      await behind.settled();
      assert.equal(behind.busy, false);
      assert.ok(content().equals(Buffer.concat(pieces)));
    });
  }

  it('leaves holes', async () => {
    const behind = new WriteBehind(fd);
    for (const index of [0, 1, 5, 6, 20]) await behind.write(piece(index), index * pieceBytes);
    await behind.settled();
    const expected = Array.from({ length: 21 }, (_, index) =>
      [0, 1, 5, 6, 20].includes(index) ? piece(index) : Buffer.alloc(pieceBytes),
    );
    assert.ok(content().equals(Buffer.concat(expected)));
  });

  it('takes no more than a bounded number of pieces before it wants to be waited for', async () => {
    for (const length of [pieceBytes, 1]) {
      const behind = new WriteBehind(fd);
      let taken: number;
      let waiting = behind.write(piece(0, length), 0);
      for (taken = 1; waiting === undefined; taken++) waiting = behind.write(piece(0, length), taken * length);
      assert.ok(taken > 1 && taken <= 512, `${taken} pieces of ${length} bytes`);
      await waiting;
      await behind.settled();
    }
  });

  it('tells of a failure at the next opportunity, and at each after it', async () => {
    const readOnly = openSync(join(directory, 'file'), 'r');
    const behind = new WriteBehind(readOnly);
    void behind.write(piece(0), 0);
    await assert.rejects(behind.settled(), { code: 'EBADF' });
    await assert.rejects(async () => await behind.write(piece(1), pieceBytes), { code: 'EBADF' });
    await assert.rejects(behind.settled(), { code: 'EBADF' });
    closeSync(readOnly);
  });

  it('leaves the descriptor alone once it was stopped', async () => {
    const behind = new WriteBehind(fd);
    for (let index = 0; index < 6; index++) void behind.write(piece(index), index * pieceBytes);
    assert.equal(behind.busy, true);
    await behind.stop();
    assert.equal(behind.busy, false);
  });
});
