import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import headless from '@xterm/headless';
import { eventually } from '../testing/eventually.ts';
import { Drawing } from './drawing.ts';
import { textOf } from './frame/line.ts';
import type { Action } from './state/action.ts';
import { Store } from './store.ts';
import { sampleState } from './testing/sample-states.ts';
import { frameLines } from './views/frame.ts';

const size = { columns: 80, rows: 24 };
const key = (name: string): Action => ({ type: 'key', press: { key: name, text: name } });

function world() {
  const terminal = new headless.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
  const written: string[] = [];
  const store = new Store(sampleState(size));
  const drawing = new Drawing(store, 3, (text) => {
    written.push(text);
    terminal.write(text);
  });
  terminal.write('\x1b[?1049h');
  const wanted = () => frameLines(store.state()).map(textOf);
  const settled = async (name: string) => {
    await eventually(() => textIn(terminal) === wanted().join('\n'), name);
  };
  return { terminal, written, store, drawing, settled, [Symbol.dispose]: () => drawing.stop() };
}

function textIn(terminal: headless.Terminal): string {
  const { active } = terminal.buffer;
  const rowAt = (row: number) => active.getLine(active.baseY + row)?.translateToString(false, 0, terminal.cols) ?? '';
  return Array.from({ length: terminal.rows }, (_, row) => rowAt(row)).join('\n');
}

describe('the drawing of frames', () => {
  it('shows each state as it is, whatever was shown before', async () => {
    using screen = world();
    screen.drawing.start();
    await screen.settled('the frame');
    for (const name of ['j', 'G', '?', 'escape', 'enter', 'tab', 'tab', 'escape', 'space', '*', 'D', 'escape', 'n']) {
      screen.store.dispatch(key(name));
      await screen.settled(`the frame after ${name}`);
    }
  });

  it('writes only what has changed', async () => {
    using screen = world();
    screen.drawing.start();
    screen.store.dispatch(key('j'));
    await eventually(() => screen.written.length === 2, 'the second frame');
    const rows = [...(screen.written[1] ?? '').matchAll(/\x1b\[(\d+);1H/g)].map((match) => Number(match[1]));
    assert.deepEqual(rows.slice(0, 2), [3, 4]);
    assert.ok(rows.length <= 3, String(rows));
  });

  it('shows changes that come at once in few frames', async () => {
    using screen = world();
    screen.drawing.start();
    for (let count = 0; count < 100; count += 1) screen.store.dispatch(key(count % 2 === 0 ? 'j' : 'G'));
    await screen.settled('the last state');
    assert.ok(screen.written.length < 20, String(screen.written.length));
  });

  it('leaves the terminal alone while somebody else has it, and draws all of it anew after that', async () => {
    using screen = world();
    screen.drawing.start();
    screen.drawing.hold();
    screen.terminal.write('\x1b[2J\x1b[5;5Hsomebody else');
    screen.store.dispatch(key('j'));
    screen.drawing.redraw();
    assert.equal(screen.written.length, 1);
    screen.drawing.release();
    await screen.settled('the frame');
    screen.drawing.stop();
    screen.drawing.release();
    screen.store.dispatch(key('k'));
    assert.equal(screen.written.length, 2);
  });

  it('draws all of it anew at another size', async () => {
    using screen = world();
    screen.drawing.start();
    for (const [columns, rows] of [
      [100, 30],
      [40, 10],
      [80, 24],
    ] as const) {
      screen.terminal.resize(columns, rows);
      screen.store.dispatch({ type: 'resize', size: { columns, rows } });
      screen.drawing.redraw();
      await screen.settled('the frame');
    }
  });
});
