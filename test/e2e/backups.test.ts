import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const timeout = 4 * 60_000;

describe('images of instances', { timeout: 8 * 60_000 }, () => {
  let yurt: Daemon;

  before(async () => {
    yurt = await Daemon.start(await template('tiny'));
    await yurt.ok('launch', 'tiny', 'web');
    const script = `cd /root; echo one > file; ln file hard; ln -s /etc/shadow soft; mkdir -m 1777 dir; chown 33:44 dir
      chmod 4755 file; mkfifo pipe; touch "$(printf 'odd\\nname')"`;
    await sh('web', script);
  });
  after(async () => await yurt[Symbol.asyncDispose]());

  const sh = async (name: string, script: string) => (await yurt.ok('exec', name, '--', 'sh', '-c', script)).trim();
  const state = async (name: string) => (await yurt.ok('list', `^${name}$`, '-f', 'csv', '-c', 's')).trim();
  const fingerprints = async () => (await yurt.ok('image', 'list', '-f', 'csv')).trim().split('\n').length;
  const failure = async (...args: string[]) => {
    const { exitCode, stderr } = await yurt.yurt(args);
    assert.notEqual(exitCode, 0, args.join(' '));
    return stderr;
  };

  it('refuse a running one, unless it may be killed, and then it runs again', { timeout }, async () => {
    assert.match(await failure('publish', 'web'), /currently running, stop it first or pass --force/);
    const before = await fingerprints();
    await yurt.ok('publish', 'web', '--force', '--alias', 'made', 'description=Made of web', 'os=Mine');
    assert.equal(await state('web'), 'RUNNING');
    assert.equal(await fingerprints(), before + 1);
    assert.match(await yurt.ok('image', 'info', 'made'), /Made of web/);
    assert.equal((await yurt.ok('snapshot', 'list', 'web', '-f', 'csv')).trim(), '');
  });

  it('launch as systems with the same files, owners and links', { timeout }, async () => {
    await yurt.ok('launch', 'made', 'two');
    const look = 'cd /root; cat file hard; stat -c "%n %a %u %g %h %F" file dir soft pipe; readlink soft; ls odd*';
    const seen = await sh('two', look);
    assert.equal(seen, await sh('web', look));
    assert.match(seen, /file 4755 0 0 2 regular file\ndir 1777 33 44 2 directory/);
    assert.equal((await yurt.ok('config', 'get', 'two', 'image.os')).trim(), 'Mine');
  });

  it('are made of snapshots of running ones, and take the aliases of others only when told', { timeout }, async () => {
    await yurt.ok('snapshot', 'web', 'before');
    await sh('web', 'echo two > /root/file');
    const count = await fingerprints();
    assert.match(await failure('publish', 'web/before', '--alias', 'made'), /Image alias "made" exists already/);
    await yurt.ok('publish', 'web/before', '--alias', 'made', '--reuse');
    assert.equal(await fingerprints(), count, 'the one that lost its name is gone');
    await yurt.ok('launch', 'made', 'three');
    assert.equal(await sh('three', 'cat /root/file'), 'one');
    await yurt.ok('delete', '--force', 'three', 'two');
  });
});
