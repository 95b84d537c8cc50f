import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Scrollback } from './scrollback.ts';

function all(output: Scrollback): string {
  const parts: Buffer[] = [];
  for (let position = output.start; position < output.end; ) {
    const part = output.at(position, 1000);
    assert.ok(part.length > 0);
    parts.push(Buffer.from(part));
    position += part.length;
  }
  return Buffer.concat(parts).toString();
}

describe('a scrollback', () => {
  it('has the last bytes, whatever pieces they came in', () => {
    const output = new Scrollback(10_000);
    let text = '';
    for (let piece = 0; piece < 2000; piece += 1) {
      const bytes = `${piece} `.repeat((piece * 7) % 11);
      text += bytes;
      output.push(Buffer.from(bytes));
      assert.equal(output.end, text.length);
      assert.equal(output.start, Math.max(0, text.length - 10_000));
    }
    assert.equal(all(output), text.slice(-10_000));
  });

  it('has the end of a piece that is larger than it', () => {
    const output = new Scrollback(100);
    const text = Array.from({ length: 100 }, (_, index) => `${index},`).join('');
    output.push(Buffer.from('before'));
    output.push(Buffer.from(text));
    assert.deepEqual([output.end, all(output)], [6 + text.length, text.slice(-100)]);
  });

  it('gives no more than it is asked for', () => {
    const output = new Scrollback(100);
    output.push(Buffer.from('0123456789'));
    assert.equal(output.at(3, 4).toString(), '3456');
    assert.equal(output.at(8, 4).toString(), '89');
  });
});
