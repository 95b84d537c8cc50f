import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import headless from '@xterm/headless';
import { resetModes } from './session-terminal.ts';

describe('the terminal after a session', () => {
  for (const rows of [3, 10]) {
    it(`of ${rows} rows keeps what stands there when the screen was left too`, async () => {
      const terminal = new headless.Terminal({ cols: 40, rows, allowProposedApi: true });
      const session = `one\r\ntwo\r\nweb:~# sleep${resetModes}`;
      const screen = '\x1b[?1049h\x1b[?25l\x1b[2J\x1b[HNAME\x1b[?1049l\x1b[?25h';
      await new Promise<void>((resolve) => terminal.write(`${session}${screen}host$ `, resolve));
      const { active } = terminal.buffer;
      const lines = Array.from({ length: active.length }, (_, index) => active.getLine(index)?.translateToString(true));
      assert.deepEqual(lines.filter(Boolean), ['one', 'two', 'web:~# sleep', 'host$ ']);
      terminal.dispose();
    });
  }
});
