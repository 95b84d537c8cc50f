import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { FullScreen } from './full-screen.ts';
import type { RawInput } from './key-source.ts';

const module = new URL('full-screen.ts', import.meta.url).pathname;
const leave = '\x1b[?1049l\x1b[?25h';

function world() {
  const raw: boolean[] = [];
  let written = '';
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) }) satisfies RawInput;
  const screen = new FullScreen(input, (text) => {
    written += text;
  });
  return { screen, raw, written: () => written };
}

describe('the terminal that is taken as a whole', () => {
  it('is left as it was, once', () => {
    const { screen, raw, written } = world();
    screen.take();
    screen.give();
    screen.give();
    assert.equal(written().split(leave).length, 2);
    screen.take();
    screen[Symbol.dispose]();
    assert.ok(written().endsWith(leave));
    assert.deepEqual(raw, [true, true, false]);
  });

  it('is not touched before it was taken', () => {
    const { screen, written } = world();
    screen.retake();
    screen.give();
    screen[Symbol.dispose]();
    assert.equal(written(), '');
  });

  it('is set up anew when somebody else may have changed it', () => {
    const { screen, raw, written } = world();
    screen.take();
    screen.retake();
    assert.deepEqual(raw, [true, false, true]);
    assert.equal(written().split('\x1b[?1049h').length, 3);
    screen[Symbol.dispose]();
  });

  for (const end of ['throw new Error("crash")', 'process.exit(3)', 'Promise.reject(new Error("crash"))', '']) {
    it(`is given back when the process ends by ${end || 'itself'}`, () => {
      const script = `const { FullScreen } = await import(${JSON.stringify(module)});
        new FullScreen({ setRawMode() {} }, (text) => process.stdout.write(text)).take();
        ${end}`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      assert.ok(stdout.startsWith('\x1b[?1049h'), stdout);
      assert.ok(stdout.endsWith(leave), stdout);
    });
  }
});
