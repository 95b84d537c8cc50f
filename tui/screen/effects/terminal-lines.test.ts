import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import headless from '@xterm/headless';
import { textOf } from '../frame/line.ts';
import { paint } from '../frame/paint.ts';
import { themeOf } from '../frame/theme.ts';
import { terminalLines } from './terminal-lines.ts';

async function linesAfter(output: string, withCursor = false) {
  const terminal = new headless.Terminal({ cols: 20, rows: 3, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  const lines = terminalLines(terminal, withCursor);
  terminal.dispose();
  return lines;
}

const theme = themeOf('dark', 2);

describe('a pane', () => {
  it('shows what its terminal shows', async () => {
    const lines = await linesAfter('one\r\ntwo\x1b[1;5Hfive');
    assert.deepEqual(
      lines.map((one) => textOf(one).trimEnd()),
      ['one five', 'two', ''],
    );
  });

  it('passes on colours and nothing else that a terminal acts upon', async () => {
    const [first] = await linesAfter(
      '\x1b]52;c;ZXZpbA==\x07\x1b]0;title\x07\x1b[31;1mred\x1b[0m plain\x1b[?1049h\x1b[6n',
      false,
    );
    assert.ok(first !== undefined);
    const painted = paint(first, theme, 3);
    assert.ok(/^(?:[\x20-\x7e]|\x1b\[[\d;]*m)*$/.test(painted), JSON.stringify(painted));
  });

  it('has no colours where none are wanted', async () => {
    const [first] = await linesAfter('\x1b[31;1mred\x1b[0m');
    assert.ok(first !== undefined);
    assert.match(paint(first, theme, 3), /^\x1b\[1;38;5;1mred\x1b\[0m/);
    assert.match(paint(first, theme, 0), /^\x1b\[1mred\x1b\[0m/);
  });

  it('has the colours that the terminal around it has', async () => {
    const [first] = await linesAfter('\x1b[38;2;250;10;10;44mred\x1b[0m\x1b[92;48;5;200mon\x1b[0m');
    assert.ok(first !== undefined);
    const painted = (depth: 1 | 2 | 3) =>
      [...paint(first, theme, depth).matchAll(/\x1b\[([\d;]+)m(?=r|o)/g)].map(([, one]) => one);
    assert.deepEqual(painted(3), ['38;2;250;10;10;48;5;4', '38;5;10;48;5;200']);
    assert.deepEqual(painted(2), ['38;5;196;48;5;4', '38;5;10;48;5;200']);
    assert.deepEqual(painted(1), ['44', '92']);
  });

  it('marks where one types', async () => {
    const [first] = await linesAfter('ab', true);
    assert.deepEqual(first?.spans.map(({ text, own }) => [text.trimEnd(), own?.plain]).slice(0, 2), [
      ['ab', undefined],
      ['', '7'],
    ]);
  });
});
