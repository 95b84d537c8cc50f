import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { assertGolden } from '../testing/goldens.ts';
import { textOf, widthOf } from './frame/line.ts';
import { drawn, screens, textOfFrame } from './testing/screens.ts';
import { frameLines } from './views/frame.ts';

const documented = new URL('../../docs/screens/', import.meta.url).pathname;
const small = screens({ columns: 80, rows: 24 });
const large = screens({ columns: 300, rows: 80 });

describe('the screens', () => {
  for (const [name, state] of Object.entries(small)) {
    it(`show "${name}" on 80x24 as docs/screens has it (npm run screens writes it)`, () => {
      assert.equal(textOfFrame(drawn(state)), readFileSync(`${documented}${name}.txt`, 'utf8'));
    });
  }

  for (const name of ['instances', 'instance-overview', 'help', 'launch']) {
    it(`show "${name}" on 300x80`, () => {
      const state = large[name];
      assert.ok(state !== undefined);
      assertGolden(import.meta.dirname, `${name}-300x80.txt`, textOfFrame(drawn(state)));
    });
  }

  it('are all that docs/screens has', () => {
    assert.deepEqual(
      readdirSync(documented).sort(),
      Object.keys(small)
        .map((name) => `${name}.txt`)
        .sort(),
    );
  });

  it('fill the terminal exactly, at every size', () => {
    for (const size of [
      { columns: 80, rows: 24 },
      { columns: 300, rows: 80 },
      { columns: 41, rows: 9 },
      { columns: 20, rows: 6 },
      { columns: 5, rows: 2 },
    ]) {
      for (const [name, state] of Object.entries(screens(size))) {
        const lines = frameLines(state).map(textOf);
        assert.equal(lines.length, size.rows, `${name} at ${size.columns}x${size.rows}`);
        for (const text of lines) assert.equal(widthOf(text), size.columns, `${name}: ${JSON.stringify(text)}`);
      }
    }
  });

  it('use the colours that the terminal has, and none where there are none', () => {
    const { instances: state } = small;
    assert.ok(state !== undefined);
    const codes = (depth: 0 | 1 | 2 | 3) =>
      [...drawn(state, depth).matchAll(/\x1b\[([\d;]*)m/g)].map((match) => match[1] ?? '');
    assert.ok(codes(0).every((code) => !/^[349]\d|[34]8/.test(code)));
    assert.ok(codes(1).every((code) => !/[34]8;/.test(code)));
    assert.ok(codes(2).some((code) => /^38;5;/.test(code)));
    assert.ok(codes(3).some((code) => /^38;2;/.test(code)));
  });
});
