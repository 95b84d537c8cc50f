import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Snapshot__Output } from '../../../proto/gen/yurt/v1/Snapshot.ts';
import { textOf } from '../frame/line.ts';
import { instancePage } from '../state/page.ts';
import type { State } from '../state/state.ts';
import { update } from '../state/update.ts';
import { complete } from '../testing/complete.ts';
import { sampleState, typed } from '../testing/sample-states.ts';
import { frameLines } from '../views/frame.ts';

const sample = sampleState({ columns: 80, rows: 24 });
const key = 'default/web1';
const page = { ...sample, pages: [...sample.pages, instancePage(key, 'snapshots')] } satisfies State;
const text = (state: State) => frameLines(state).map(textOf).join('\n');

function listed(state: State, ...names: readonly string[]): State {
  const snapshots = names.map((name) => complete<Snapshot__Output>('Snapshot', { name, instance: 'web1' }));
  return update(state, { type: 'snapshots-listed', key, snapshots }).state;
}

function effectsOf(state: State, pressed: string) {
  return update(state, { type: 'key', press: { key: pressed, text: '' } }).effects;
}

describe('the snapshots of an instance', () => {
  it('are waited for, may be none, and may not be readable', () => {
    assert.match(text(page), /Reading/);
    assert.match(text(listed(page)), /No snapshots yet/);
    assert.match(text(update(page, { type: 'snapshots-listed', key, snapshots: 'You may not' }).state), /You may not/);
  });

  it('keep the cursor on theirs while others come and go', () => {
    const at = typed(listed(page, 'a', 'b', 'c'), 'j');
    assert.match(text(at), /▸ b/);
    assert.match(text(listed(at, 'b', 'c')), /▸ b/);
    assert.match(text(listed(at, 'a', 'c')), /▸ c/);
    assert.match(text(listed(at, 'a')), /▸ a/);
  });

  it('all come onto a small screen by moving', () => {
    const names = Array.from({ length: 100 }, (_, index) => `snap${index}`);
    const many = listed(page, ...names);
    assert.match(text(many), /▸ snap0 /);
    assert.match(text(typed(many, 'G')), /▸ snap99 /);
    assert.match(text(typed(many, 'G', 'pageUp', 'k')), /▸ snap(7|8)\d /);
  });

  it('are taken by a name, or by none', () => {
    for (const name of ['before', '']) {
      assert.deepEqual(effectsOf(typed(listed(page), 'n', `text:${name}`), 'enter'), [
        { kind: 'create-snapshot', key, name },
      ]);
    }
  });

  it('are restored and deleted only after a confirmation, and the instance is left alone', () => {
    const at = typed(listed(page, 'a', 'b'), 'j');
    for (const [pressed, kind, question] of [
      ['r', 'restore-snapshot', /Make web1 again what it was in b\?/],
      ['D', 'delete-snapshot', /Delete the snapshot b of web1\?/],
    ] as const) {
      assert.deepEqual(effectsOf(at, pressed), []);
      const asked = typed(at, pressed);
      assert.match(text(asked), question);
      assert.deepEqual(effectsOf(asked, 'y'), [{ kind, key, name: 'b' }]);
      assert.deepEqual(effectsOf(asked, 'n'), []);
    }
    assert.match(text(typed(listed(page), 'D')), /There is no snapshot here/);
  });
});
