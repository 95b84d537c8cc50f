import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowsOf } from './drawing.ts';
import { textOf, widthOf } from './frame/line.ts';
import type { Page } from './state/page.ts';
import type { State } from './state/state.ts';
import { update } from './state/update.ts';
import { screens } from './testing/screens.ts';
import { frameLines } from './views/frame.ts';

const size = { columns: 100, rows: 30 };

/** Clipboard, title, cursor, other screen, C1 controls, the line's direction, tags, a tower of marks, an open sequence. */
const hostile =
  '\x1b]52;c;ZXZpbA==\x07\x1b]0;title\x07\x1b[2J\x1b[1;1H\x1b[?1049l\x9b31m\x90q\x9c\r\n\t\x08\x7f\u202eevil\u2066\ufeff\u{e0041}e' +
  '\u0301'.repeat(20) +
  '\ud800\x1b[';

/** The same value with something hostile in each text of it, but for the names of enumerations and times. */
function poisoned(value: unknown): unknown {
  if (typeof value === 'string') return /^[A-Z][A-Z0-9_]*$/.test(value) ? value : `${value}${hostile}`;
  if (value instanceof Uint8Array) return Buffer.concat([value, Buffer.from(hostile), Buffer.from([0xff, 0x1b, 0x5b])]);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, poisoned(one)]));
  if (value instanceof Set || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(poisoned);
  // Keys of maps (devices, configuration) are somebody else's words too; those of messages are our own.
  const isOurs = (key: string) => /^[a-zA-Z]+$/.test(key);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [isOurs(key) ? key : `${key}${hostile}`, poisoned(one)]),
  );
}

function poisonedPage(page: Page): Page {
  const { kind } = page;
  // What one is at is found by its key, and stays what it is.
  if (kind === 'instance') {
    const processes = { ...page.processes, processes: poisonedIn(page.processes.processes) };
    return { ...page, log: poisonedIn(page.log), snapshots: poisonedIn(page.snapshots), processes };
  }
  if (kind === 'file') return { ...page, lines: poisonedIn(page.lines), path: `${page.path}${hostile}` };
  if (kind === 'files') return { ...page, entries: poisonedIn(page.entries), path: `${page.path}${hostile}` };
  return page;
}

/** Of the same shape, with other texts. */
function poisonedIn<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return poisoned(value) as Value;
  const { state, ...others } = value as { state?: unknown }; // `loading`, `here`: words of our own
  return { ...(poisoned(others) as object), ...(state === undefined ? {} : { state }) } as Value;
}

function poisonedState(state: State): State {
  const [first, ...others] = state.pages;
  const { loaded } = state.data;
  const data = { ...(poisoned(state.data) as State['data']), loaded }; // of the same shape
  const told = {
    ...state,
    data,
    pages: [poisonedPage(first), ...others.map(poisonedPage)] as const,
    notice: { kind: 'bad', at: state.now, text: hostile } as const,
    link: { kind: 'lost', reason: hostile } as const,
  };
  return update(told, { type: 'tick', now: state.now }).state;
}

describe('what instances, images and servers say', () => {
  for (const [name, state] of Object.entries(screens(size))) {
    it(`stays text on the screen "${name}"`, () => {
      const poisonedOne = poisonedState(state);
      const rows = rowsOf(poisonedOne, 3);
      assert.equal(rows.length, size.rows);
      for (const row of rows) {
        const text = row.replace(/\x1b\[[\d;]*m/g, '');
        assert.doesNotMatch(
          text,
          /[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800\u{e0000}-\u{e007f}]/u,
        );
        assert.doesNotMatch(text, /\p{M}{5}/u);
      }
      for (const one of frameLines(poisonedOne)) assert.equal(widthOf(textOf(one)), size.columns);
      assert.ok(rows.join('').includes('\\x1b]52'), 'some of it is shown');
    });
  }
});
