import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Daemon } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { leaves, longMs, ScreenWorld, wide } from './harness/screen-world.ts';

describe('yurt without a command, on a terminal', () => {
  let world: ScreenWorld;
  let yurt: Daemon;

  before(
    async () => {
      world = await ScreenWorld.start();
      yurt = world.yurt;
    },
    { timeout: longMs },
  );

  after(async () => await world[Symbol.asyncDispose]());

  afterEach(async () => await world.clear());

  it('launches, opens a shell, comes back, restores, stops several, deletes and leaves', {
    timeout: longMs,
  }, async () => {
    await using screen = world.open({ EDITOR: 'sed -i s/^description:.*/description:\\x20the\\x20first/' });
    await screen.shows(/No instances yet/);
    assert.equal(screen.buffer, 'alternate');

    screen.type('n');
    await screen.shows(/^│ +tiny +│$/m);
    screen.type('tin\t\x1b[B');
    await screen.shows(/Image +tiny/);
    screen.type('first\x13');
    await screen.shows(/\[overview\]/);
    await screen.shows(/State +Running/);
    screen.type('\x1b');
    await screen.shows(/▸ first +Running +10\./);

    screen.type('s');
    await screen.shows(/first:~#/);
    assert.equal(screen.buffer, 'normal');
    screen.type('echo "name=$(hostname)"; stty size\r');
    await screen.shows(/^name=first$/m);
    await screen.shows(/^24 80$/m);
    screen.resize(100, 30);
    screen.type('stty size\r');
    await screen.shows(/^30 100$/m);
    screen.resize(80, 24);
    screen.type('exit\r');
    await screen.shows(/▸ first +Running/);
    assert.equal(screen.buffer, 'alternate');

    screen.type('\r\t\t\t');
    await screen.shows(/\[snapshots\]/);
    await screen.shows(/No snapshots yet/);
    screen.type('nbefore\r');
    await screen.shows(/▸ before +20/);
    await screen.shows(/Took a snapshot of first/);
    await yurt.ok('exec', 'first', '--', 'touch', '/root/later');
    screen.type('r');
    await screen.shows(/Make first again what it was in before\?/);
    screen.type('y');
    await screen.shows(/Restored before/);
    await yurt.ok('snapshot', 'create', 'first', 'other');
    await screen.shows(/ other +20/);
    screen.type('GD');
    await screen.shows(/Delete the snapshot other of first\?/);
    screen.type('y');
    await screen.showsNot(/ other +20/);
    screen.type('\x1b');
    await screen.shows(/▸ first +Running/);
    assert.notEqual((await yurt.yurt(['exec', 'first', '--', 'test', '-e', '/root/later'])).exitCode, 0);

    screen.type('e');
    await screen.showsNot(/▸ first/);
    await screen.shows(/▸ first +Running/);
    assert.equal((await yurt.ok('list', 'first', '-f', 'csv', '-c', 'd')).trim(), 'the first');

    await yurt.ok('launch', 'tiny', 'second');
    await screen.shows(/second +Running/);
    screen.type(' ');
    await screen.shows(/1 marked/);
    screen.type(' ');
    await screen.shows(/2 marked/);
    screen.type('X');
    await screen.shows(/Kill 2 instances\?/);
    screen.type('y');
    await screen.shows(/first +Stopped/);
    await screen.shows(/second +Stopped/);
    await screen.shows(/Stopped 2 instances/);

    screen.type('*D');
    await screen.shows(/Delete 2 instances\?/);
    screen.type('y');
    await screen.shows(/No instances yet/);
    assert.equal(await yurt.ok('list', '-f', 'csv'), '');
    screen.type('q');
    await leaves(screen);
  });

  it('renames and copies what is under the cursor', { timeout: longMs }, async () => {
    await yurt.ok('init', 'tiny', 'old');
    await using screen = world.open();
    await screen.shows(/▸ old +Stopped/);
    screen.type('m');
    await screen.shows(/New name: old/);
    screen.type('er\r');
    await screen.shows(/▸ older +Stopped/);
    await screen.showsNot(/ old +Stopped/);
    screen.type('Cnewer\r');
    await screen.shows(/newer +Stopped/);
    await screen.shows(/▸ older/);
    assert.deepEqual((await yurt.ok('list', '-f', 'csv', '-c', 'n')).trim().split('\n'), ['newer', 'older']);
    screen.type('q');
    await leaves(screen);
  });

  it('has shells in panes below the list, and types into several at once', { timeout: longMs }, async () => {
    for (const name of ['left', 'right']) await yurt.ok('launch', 'tiny', name);
    await using screen = world.open({}, wide);
    await screen.shows(/right +Running/);
    screen.type('*t');
    await screen.shows(/left:~#.*right:~#/);
    screen.type('echo "pane=$(hostname)"; stty size\r');
    await screen.shows(/pane=left +│pane=right/);
    await screen.shows(/^19 59 +│19 60/m);
    screen.type('\x1d');
    await screen.showsNot(/back to the list/);
    screen.type('k');
    await screen.shows(/▸.left/);
    screen.type('W');
    await screen.showsNot(/pane=left/);
    screen.type('q');
    await leaves(screen);
  });

  it('shows the log of a console as it grows, and what is searched for in it', { timeout: longMs }, async () => {
    await yurt.ok('launch', 'tiny', 'logged');
    await using screen = world.open();
    await screen.shows(/▸ logged/);
    screen.type('l');
    await screen.shows(/\[log\]/);
    await yurt.ok('exec', 'logged', '--', '/bin/sh', '-c', 'echo "a needle here" > /dev/console');
    await screen.shows(/a needle here/);
    screen.type('&needle\r');
    await screen.shows(/lines with "needle"/);
    await screen.showsNot(/BusyBox/);
    screen.type('qq');
    await leaves(screen);
  });

  it('leaves a shell by ctrl+] twice, and ends what ran in it', { timeout: longMs }, async () => {
    await yurt.ok('launch', 'tiny', 'left');
    await using screen = world.open();
    await screen.shows(/▸ left/);
    screen.type('s');
    await screen.shows(/left:~#/);
    screen.type('printf "\\033[?1000h\\033[?2004h"; sleep 4711\r');
    await eventually(() => yurt.ok('exec', 'left', '--', 'pidof', 'sleep'));
    screen.type('\x1d\x1d');
    await screen.shows(/▸ left +Running/);
    assert.equal(screen.modes.mouseTrackingMode, 'none');
    await eventually(async () => {
      assert.notEqual((await yurt.yurt(['exec', 'left', '--', 'pidof', 'sleep'])).exitCode, 0);
    });
    screen.type('q');
    await leaves(screen);
  });

  it('says so when the server goes away, and goes on when it is back', { timeout: longMs }, async () => {
    await yurt.ok('init', 'tiny', 'kept');
    await using screen = world.open();
    await screen.shows(/kept +Stopped/);
    await yurt.signal('SIGKILL');
    await screen.shows(/Disconnected/);
    await screen.shows(/kept +Stopped/);
    await yurt.up();
    await screen.showsNot(/Disconnected/);
    await yurt.ok('init', 'tiny', 'later');
    await screen.shows(/later +Stopped/);
    screen.type('\x03');
    await leaves(screen);
  });

  for (const [signal, code] of [
    ['SIGTERM', '143'],
    ['SIGHUP', '129'],
    ['SIGINT', '130'],
  ] as const) {
    it(`gives the terminal back as it was at ${signal}`, { timeout: longMs }, async () => {
      await using screen = world.open();
      await screen.shows(/No instances yet/);
      process.kill(await screen.program(), signal);
      await leaves(screen, code);
    });
  }

  it('stops at ctrl+z and goes on with fg', { timeout: longMs }, async () => {
    await using screen = world.open();
    await screen.shows(/No instances yet/);
    const pid = await screen.program();
    // The shell of the test waits for yurt alone: to be stopped and continued is done from outside.
    screen.type('\x1a');
    await eventually(() => assert.equal(screen.buffer, 'normal'));
    process.kill(pid, 'SIGCONT');
    await screen.shows(/No instances yet/);
    assert.equal(screen.buffer, 'alternate');
    screen.type('q');
    await leaves(screen);
  });

  it('prints the help instead when its output is no terminal', async () => {
    const { stdout } = await yurt.yurt([]);
    assert.match(stdout, /^Usage:|yurt/);
    assert.ok(!stdout.includes('\x1b'));
  });
});
