import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf } from '../frame/line.ts';
import type { State } from '../state/state.ts';
import { update } from '../state/update.ts';
import { sampleState, typed } from '../testing/sample-states.ts';
import { screens } from '../testing/screens.ts';
import { frameLines } from '../views/frame.ts';

const size = { columns: 80, rows: 24 };
const state = sampleState(size);
const text = (one: State) => frameLines(one).map(textOf).join('\n');

/** All that the help says, however long it is. */
function helpIn(one: State): string {
  assert.equal(one.overlay?.kind, 'help');
  return text({ ...one, size: { columns: 100, rows: 200 } });
}

describe('help', () => {
  for (const [name, open] of Object.entries(screens(size))) {
    it(`is one key away on "${name}", which is as it was after it`, () => {
      if (open.overlay?.kind === 'help') return;
      const isText = typed(open, '?').overlay?.kind !== 'help';
      const key = isText ? 'ctrl+g' : '?';
      if (isText) assert.match(text(open), /\^G help/);
      const helped = typed(open, key);
      assert.equal(helped.overlay?.kind, 'help');
      assert.deepEqual(typed(helped, 'escape'), open);
      assert.deepEqual(typed(helped, 'x'), open, 'any other key closes it');
    });
  }

  it('tells of a form what its fields and its keys are for', () => {
    const form = typed(state, 'n', 'text:what?', 'ctrl+g');
    assert.match(helpIn(form), /Memory +limits\.memory: 512MiB, 50%; empty: all/);
    assert.match(helpIn(form), /\^S +Launch/);
    assert.match(text(typed(form, 'escape')), /▸ Image +what\?/);
  });

  it('tells of what is typed what may be typed', () => {
    assert.match(helpIn(typed(state, '/', 'text:w?', 'ctrl+g')), /status=running.*\n.*"yurt list"/);
    assert.match(helpIn(typed(state, ':', 'ctrl+g')), /Carry it out/);
    assert.match(helpIn(typed(state, 'o', '?')), /Sort by that column at once/);
    assert.match(helpIn(typed(state, 'D', '?')), /Sure: delete/);
    assert.match(helpIn(typed(state, 'G', 'D', 'ctrl+g')), /must be typed/);
  });

  it('is asked for by another key while one types, when there is one', () => {
    const other: State = { ...state, bindings: new Map([['help-typing', ['alt+h']]]) };
    assert.match(text(typed(other, '/')), /alt\+h help/);
    assert.equal(typed(other, '/', 'alt+h').overlay?.kind, 'help');
    const none: State = { ...state, bindings: new Map([['help-typing', []]]) };
    assert.doesNotMatch(text(typed(none, '/')), /help/);
  });

  it('has whole sentences on a narrow screen', () => {
    const all = typed(state, '?');
    const rows = Array.from({ length: 80 }, (_, offset) =>
      text({ ...all, overlay: { kind: 'help', offset, over: undefined } }),
    ).join('\n');
    assert.match(rows, /exit, or ctrl\+\] twice, +│\n│ +comes back here/);
  });
});

describe('a text that is longer than the screen', () => {
  it('is shown where it goes on', () => {
    const long = 'x'.repeat(200);
    for (const open of [typed(state, '/'), typed(state, 'n'), typed(state, ':'), typed(state, 'G', 'D')]) {
      const more = update(open, { type: 'paste', text: `${long}the end` }).state;
      assert.match(text(more), /…x+the end/);
      assert.match(text(typed(more, 'home')), /(?<!…x*)xxxx/);
      assert.ok(frameLines(more).every((one) => [...textOf(one)].length === size.columns));
    }
  });
});
