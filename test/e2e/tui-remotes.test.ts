import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { RemoteUser } from './harness/remote-user.ts';
import { Screen } from './harness/screen.ts';
import { longMs } from './harness/screen-world.ts';
import { template } from './harness/template.ts';

describe('the terminal interface with several servers', { timeout: longMs }, () => {
  let home: Daemon;
  let far: Daemon;
  let user: RemoteUser;

  before(
    async () => {
      home = await Daemon.start(await template('tiny'));
      far = await Daemon.start(await template('tiny'));
      await home.joinWith(far);
      user = new RemoteUser(home);
      await far.ok('config', 'set', 'core.https_address=:8443');
      const token = (await far.ok('config', 'trust', 'add', 'laptop')).trim();
      await user.ok('remote', 'add', 'far', token);
    },
    { timeout: longMs },
  );

  after(async () => {
    user[Symbol.dispose]();
    await far[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  it('shows all of their instances, acts upon each where it is, and goes on when one is down', async () => {
    await home.ok('init', 'tiny', 'near');
    await far.ok('init', 'tiny', 'distant');
    const env = { ...user.env, YURT_DIR: home.directory };
    await using screen = new Screen(env, { columns: 100, rows: 24 }, (argv) => home.entering(argv));
    await screen.shows(/▸ near +Stopped/);
    screen.type('L');
    await screen.shows(/distant +Stopped.* far/);
    await screen.shows(/near +Stopped.* local/);
    screen.type('gS');
    await screen.shows(/distant +Running/);
    assert.equal(await far.ok('list', '-c', 'ns', '-f', 'csv'), 'distant,RUNNING\n');

    screen.type('s');
    await screen.shows(/distant:~#/);
    screen.type('echo "name=$(hostname)"; exit\r');
    await screen.shows(/▸ distant +Running/);
    screen.type('zz');
    await screen.shows(/── far ─/);
    await screen.shows(/── local ─/);
    screen.type('z');
    await screen.showsNot(/── far ─/);

    screen.type('n');
    await screen.shows(/Server/);
    screen.type('tiny\x1b[Bmore\x1b[A\x1b[A\x1b[Afar\x13');
    await screen.shows(/Launched more/);
    await screen.shows(/more \[overview\]/);
    assert.match(await far.ok('list', '-c', 'ns', '-f', 'csv'), /more,RUNNING/);
    screen.type('\x1b');
    await screen.shows(/▸ more +Running.* far/);

    screen.type(':operations\r');
    await screen.shows(/Launching instance more +far/);
    await far.ok('publish', '--force', 'distant', '--alias', 'golden');
    await screen.shows(/Publishing instance distant +far/);
    screen.type(':instances\rngolden');
    await screen.shows(/far:golden/);
    screen.type('\t\x1b[Bhere\x13');
    await screen.shows(/here \[overview\]/);
    assert.match(await home.ok('list', '-c', 'ns', '-f', 'csv'), /here,RUNNING/);
    screen.type('\x1b');
    await screen.shows(/▸ here +Running.* local/);

    await far.signal('SIGKILL');
    await screen.shows(/far: Disconnected/);
    await screen.shows(/distant.* far/);
    await home.ok('init', 'tiny', 'newer');
    await screen.shows(/newer +Stopped/);
    await far.up();
    await screen.showsNot(/Disconnected/);
    await far.ok('delete', '--force', 'distant', 'more');
    await screen.showsNot(/distant/);
    screen.type('L');
    await screen.showsNot(/REMOTE/);
    screen.type('q');
    assert.equal((await screen.ended()).code, '0');
  });
});
