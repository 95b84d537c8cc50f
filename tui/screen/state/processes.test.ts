import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Process__Output } from '../../../proto/gen/yurt/v1/Process.ts';
import { textOf } from '../frame/line.ts';
import { complete } from '../testing/complete.ts';
import { sampleState, typed } from '../testing/sample-states.ts';
import { frameLines } from '../views/frame.ts';
import { instancePage } from './page.ts';
import type { State } from './state.ts';
import { update } from './update.ts';

const key = 'default/web1';
const sample = sampleState({ columns: 80, rows: 24 });
const page: State = { ...sample, pages: [...sample.pages, instancePage(key, 'processes')] };
const text = (state: State) => frameLines(state).map(textOf).join('\n');

const one = (hostPid: number, seconds: number, more: Partial<Process__Output> = {}) =>
  complete<Process__Output>('Process', {
    ...{ hostPid, pid: hostPid - 9000, name: `p${hostPid}`, arguments: [`run-${hostPid}`], state: 'S' },
    ...{ cpuNanoseconds: seconds * 1e9, memoryBytes: hostPid * 1024, startedAt: { seconds: 5, nanos: 0 } },
    ...more,
  });

function listed(before: State, now: number, ...processes: readonly Process__Output[]): State {
  return update(before, { type: 'processes-listed', key, now, listed: { processes, truncated: false } }).state;
}

function commandsOf(state: State): readonly string[] {
  return [...text(state).matchAll(/run-\d+/g)].map(([word]) => word);
}

describe('the processes of an instance', () => {
  const first = listed(page, 1000, one(9001, 1), one(9002, 1), one(9003, 5));
  const second = listed(first, 3000, one(9001, 1), one(9002, 2), one(9003, 5));

  it('are in the order of what they do now', () => {
    assert.deepEqual(commandsOf(first), ['run-9001', 'run-9002', 'run-9003']);
    assert.deepEqual(commandsOf(second), ['run-9002', 'run-9001', 'run-9003']);
    assert.match(text(second), / 50\.0 .*run-9002/);
    assert.deepEqual(commandsOf(typed(second, 'o')), ['run-9003', 'run-9002', 'run-9001']);
    assert.deepEqual(commandsOf(typed(second, 'o', 'o')), ['run-9001', 'run-9002', 'run-9003']);
  });

  it('are not taken for another that had the number', () => {
    const other = listed(first, 3000, one(9001, 900, { startedAt: { seconds: 6, nanos: 0 } }));
    assert.match(text(other), /1 +0 +S +8\.8M +15:00\.0 run-9001/);
  });

  it('show what they call themselves, and nothing that a terminal would act upon', () => {
    const hostile = one(9004, 0, { name: 'a\x1b[2J', arguments: [] });
    const shown = text(listed(page, 1000, hostile, one(9005, 0, { arguments: ['\x1b]0;x\x07', '\n\u202e'] })));
    assert.ok(!/[\x00-\x09\x0b-\x1f\u202e]/.test(shown), JSON.stringify(shown));
    assert.match(shown, /\[a/);
  });

  it('are said to be unknown when they are', () => {
    const failed = update(page, { type: 'processes-listed', key, now: 0, listed: 'You may not see them' }).state;
    assert.match(text(failed), /You may not see them/);
    assert.match(text(page), /Reading/);
  });

  it('are left alone when an answer comes for where one is no more', () => {
    const listedElsewhere = { processes: [], truncated: false };
    assert.equal(
      update(page, { type: 'processes-listed', key: 'default/db', now: 0, listed: listedElsewhere }).state,
      page,
    );
  });
});
