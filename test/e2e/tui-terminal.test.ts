import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { Screen } from './harness/screen.ts';
import { leaves, longMs, ScreenWorld, wide } from './harness/screen-world.ts';

/** Everything that the screen itself tells a terminal: looks, places, erasing, and the modes that it takes and gives back. */
const ownSequences =
  /\x1b\[(?:[\d;]*m|\d+;1H|H|[0-2]?[JK]|\?(?:2026|1049|25|2004)[hl])|\r|\n|[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/gu;

/** What a terminal would act upon: clipboard, title, other screen, mouse, device reports, a string without end. */
const attack = '\\033]52;c;ZXZpbA==\\007\\033]0;title\\007\\033[?1049l\\033[?1003h\\033[2J\\033[6n\\0233m\\033P';

describe('the terminal that the screen has', () => {
  let world: ScreenWorld;
  let yurt: Daemon;

  before(
    async () => {
      world = await ScreenWorld.start();
      yurt = world.yurt;
      await yurt.ok('launch', 'tiny', 'evil');
    },
    { timeout: longMs },
  );

  after(async () => await world[Symbol.asyncDispose]());

  const open = (env: Readonly<Record<string, string>> = {}) => world.open(env, wide);

  it('gets nothing from an instance but text', { timeout: longMs }, async () => {
    const file = `/$(printf '${attack}')x`;
    const script = `printf '${attack}' > "${file}"; printf '${attack}marked\\n' > /dev/console; printf '${attack}' > /root/plain`;
    await yurt.ok('exec', 'evil', '--', '/bin/sh', '-c', script);
    await yurt.yurt(['config', 'set', 'evil', 'user.evil=\x1b]0;title\x07']);
    await using screen = open();
    await screen.shows(/▸ evil +Running/);
    screen.type('\r\t\t');
    await screen.shows(/\[config\]/);
    screen.type('l');
    await screen.shows(/marked/);
    screen.type('\x1b');
    await screen.shows(/▸ evil +Running/);
    screen.type('F');
    await screen.shows(/x1b\]52;c;ZXZpbA==/);
    screen.type('q');
    await screen.shows(/▸ evil +Running/);
    screen.type('t');
    await screen.shows(/evil:~#/);
    screen.type(`printf '${attack}'; printf '\\033\\\\'; ls; echo do""ne\r`);
    await screen.shows(/^done/m);
    assert.equal(screen.modes.mouseTrackingMode, 'none');
    assert.equal(screen.buffer, 'alternate');
    screen.type('\x1d');
    await screen.showsNot(/back to the list/);
    screen.type('W');
    await screen.showsNot(/done/);
    screen.type('q');
    await leaves(screen);
    assert.equal(screen.output.replace(ownSequences, ''), '');
  });

  it('has panes that keep what they have shown, to be searched, copied and saved', { timeout: longMs }, async () => {
    await using screen = open();
    await screen.shows(/▸ evil +Running/);
    screen.type('t');
    await screen.shows(/evil:~#/);
    screen.type('seq 1 200 | sed "s/^/row /"\r');
    await screen.shows(/row 200/);
    assert.doesNotMatch(screen.text, /row 100$/m);
    screen.type('\x1b[5;2~');
    await screen.shows(/what its pane has shown/);
    screen.type('/row 100\r');
    await screen.shows(/^row 100/m);
    screen.type('&row 19\r');
    await screen.shows(/lines with "row 19"/);
    screen.type('Y');
    await screen.shows(/Copied 11 lines/);
    const rows = ['row 19', ...Array.from({ length: 10 }, (_, index) => `row ${190 + index}`)].join('\n');
    assert.ok(screen.output.includes(`\x1b]52;c;${Buffer.from(rows).toString('base64')}\x07`));
    screen.type('\x13rows.txt\r');
    await screen.shows(/Saved 11 lines to rows\.txt/);
    assert.equal(readFileSync(`/proc/${await screen.program()}/cwd/rows.txt`, 'utf8'), `${rows}\n`);
    screen.type('\x1b');
    await screen.shows(/▸ evil +Running/);
    screen.type('t');
    await screen.shows(/back to the list/);
    screen.resize(100, 30);
    // What is typed may overtake the signal: the count of instances stands at the right edge once it was heard.
    await screen.shows(/^ {98}1 $/m);
    screen.type('stty size\r');
    await screen.shows(/^14 100/m);
    screen.type('\x1d');
    await screen.showsNot(/back to the list/);
    screen.type('wq');
    await leaves(screen);
  });

  it('is read from the first moment: what is typed before all is loaded counts', { timeout: longMs }, async () => {
    await using screen = open();
    screen.type('q');
    await leaves(screen);
  });

  it('is given back at a signal that comes with the first frame', { timeout: longMs }, async () => {
    await using screen = open();
    await screen.arrival(() => screen.buffer === 'alternate');
    process.kill(await screen.program(), 'SIGTERM');
    await leaves(screen, '143');
  });

  it('is given back at a signal that comes while an editor has it, which ends too', { timeout: longMs }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-editor-'));
    using _removed = { [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
    const editor = join(directory, 'editor');
    const script = 'echo $$ > "$0.pid"; stty raw -echo; printf "\\033[?1049h\\033[?1000hediting"; exec sleep 4711';
    writeFileSync(editor, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await using screen = open({ EDITOR: editor, VISUAL: '' });
    await screen.shows(/▸ evil +Running/);
    screen.type('e');
    await screen.shows(/editing/);
    process.kill(await screen.program(), 'SIGTERM');
    await leaves(screen, '143');
    assert.throws(() => process.kill(Number(readFileSync(`${editor}.pid`, 'utf8')), 0));
  });

  it('is taken again after somebody else has stopped the program and used it', { timeout: longMs }, async () => {
    await using screen = open();
    await screen.shows(/▸ evil/);
    const pid = await screen.program();
    const path = readlinkSync(`/proc/${pid}/fd/0`);
    process.kill(pid, 'SIGSTOP');
    execFileSync('stty', ['-F', path, 'sane']);
    execFileSync('/bin/sh', ['-c', 'printf "\\033[?1049l\\033[?25hsomething else" > "$1"', 'sh', path]);
    await eventually(() => assert.equal(screen.buffer, 'normal'));
    process.kill(pid, 'SIGCONT');
    // A frame that was due may come first, into the buffer that the other one left.
    await eventually(() => assert.equal(screen.buffer, 'alternate'));
    await screen.shows(/▸ evil/);
    screen.type('?');
    await screen.shows(/─ Keys|Keys ─/);
    screen.type('\x1b');
    await screen.showsNot(/Keys ─/);
    screen.type('q');
    await leaves(screen);
  });

  it('goes to the shell and comes back as any job does, by ctrl+z and by a signal', { timeout: longMs }, async () => {
    const shell = ['/bin/bash', '--norc', '--noediting', '-i'];
    await using screen = new Screen({ YURT_DIR: yurt.directory, PS1: 'prompt> ' }, wide, () => shell);
    await screen.shows(/prompt>/);
    screen.type(`${projectRoot}/bin/yurt\r`);
    await screen.shows(/▸ evil/);
    const pid = await screen.program();
    for (const stop of [() => screen.type('\x1a'), () => process.kill(pid, 'SIGTSTP')]) {
      stop();
      await screen.shows(/Stopped/);
      assert.equal(screen.buffer, 'normal');
      screen.type('clear; echo "stopped: $(stty | grep -c -e -icanon -e -echo)"\r');
      await screen.shows(/^stopped: 0/m);
      screen.type('fg\r');
      await screen.shows(/▸ evil/);
      assert.equal(screen.buffer, 'alternate');
      screen.type('?');
      await screen.shows(/Keys ─/);
      screen.type('\x1b');
      await screen.showsNot(/Keys ─/);
    }
    screen.type('q');
    await eventually(() => assert.equal(screen.buffer, 'normal'));
    screen.type('clear; echo "left: $(stty | grep -c -e -icanon -e -echo)"\r');
    await screen.shows(/^left: 0/m);
    screen.type('exit\r');
  });

  it('is left at once when it goes away', { timeout: longMs }, async () => {
    const screen = open();
    await screen.shows(/▸ evil/);
    const pid = await screen.program();
    await screen[Symbol.asyncDispose]();
    await eventually(() => assert.throws(() => process.kill(pid, 0)));
  });

  it('refuses keys that mean two things, before it takes the terminal', { timeout: longMs }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-conf-'));
    using _removed = { [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
    writeFileSync(join(directory, 'config.yml'), 'screen:\n  keys:\n    stop: R\n');
    await using refused = open({ YURT_CONF: directory });
    await leaves(refused, '1');
    assert.match(refused.output, /config\.yml.*"stop" and "restart" \(by default\) have the same key R/s);
    assert.ok(!refused.output.includes('\x1b[?1049h'));
    writeFileSync(join(directory, 'config.yml'), 'screen:\n  theme: plain\n  keys:\n    quit: Q\n');
    await using screen = open({ YURT_CONF: directory });
    await screen.shows(/▸ evil/);
    screen.type('Q');
    await leaves(screen);
    assert.doesNotMatch(screen.output, /\x1b\[[34]8;[25];/);
  });
});
