import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf } from '../frame/line.ts';
import { instancePage } from '../state/page.ts';
import type { State } from '../state/state.ts';
import { update } from '../state/update.ts';
import { sampleState, typed } from '../testing/sample-states.ts';
import { screens } from '../testing/screens.ts';
import { frameLines } from './frame.ts';

const size = { columns: 80, rows: 24 };
const state = sampleState(size);
const rows = (one: State) => frameLines(one).map(textOf);

describe('what has happened', () => {
  it('is said in full when it is long and went wrong, and covers nothing when it is short', () => {
    const long = `Invalid instance name "x": ${'it must be so and not otherwise '.repeat(5)}and that is the end`;
    const told = update(state, { type: 'notice', kind: 'bad', text: long }).state;
    assert.match(rows(told).join(' ').replace(/\s+/g, ' '), /✖ Invalid instance name "x".*is the ?end/);
    assert.equal(rows(told).length, size.rows);
    assert.deepEqual(rows(told).slice(0, 8), rows(state).slice(0, 8));
    const brief = update(state, { type: 'notice', kind: 'bad', text: 'No' }).state;
    assert.deepEqual(rows(brief).slice(0, -2), rows(state).slice(0, -2));
  });

  it('is never more than a part of the screen', () => {
    const told = update(state, { type: 'notice', kind: 'bad', text: 'endless '.repeat(1000) }).state;
    assert.deepEqual(rows(told).slice(0, 15), rows(state).slice(0, 15));
  });
});

describe('the tabs of an instance', () => {
  it('are all there however much is searched for, and however long its name is', () => {
    const log = screens(size)['instance-log'] ?? state;
    const sought = typed(log, '&', 'text:service', 'enter', '/', 'text:start', 'enter');
    assert.match(rows(sought)[1] ?? '', /\[log\]events metrics/);
    assert.match(rows(sought).at(-2) ?? '', /lines with "service" +\/start/);
    const [first, ...others] = [...state.data.instances.values()];
    assert.ok(first !== undefined);
    const name = 'a-name-of-sixty-three-letters-'.repeat(3).slice(0, 63);
    const long = [{ ...first.instance, name }, ...others.map(({ instance }) => instance)];
    const listed = update(state, { type: 'instances-listed', instances: long, now: state.now }).state;
    const page = { ...listed, pages: [...listed.pages, instancePage(`default/${name}`)] } satisfies State;
    assert.match(rows(page)[1] ?? '', /^ a-.*… +\[overview\].* events /);
    const wide = { ...page, size: { columns: 200, rows: 24 } };
    assert.ok((rows(wide)[1] ?? '').includes(name));
  });
});
