import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Daemon } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import type { Screen } from './harness/screen.ts';
import { longMs, ScreenWorld } from './harness/screen-world.ts';

const down = '\x1b[B';
const apply = '\x13';

describe('what the terminal interface changes', () => {
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

  afterEach(async () => await world.clear('lab'));

  const setting = async (key: string) => (await yurt.ok('config', 'get', 'one', key)).trim();

  it('of a configuration is shown before, and refused when somebody else was faster', { timeout: longMs }, async () => {
    await yurt.ok('init', 'tiny', 'one', '-c', 'limits.processes=100');
    await using screen = world.open();
    await screen.shows(/▸ one +Stopped/);
    screen.type('\r\t\t');
    await screen.shows(/limits\.processes +100/);
    screen.type('nlimits.mem');
    await screen.shows(/limits\.memory\.swap/);
    screen.type('ry\x13');
    await screen.shows(/Unknown key "limits\.memry"; did you mean "limits\.memory"\?/);
    screen.type('\x1b');
    await screen.showsNot(/A new setting/);
    screen.type('nuser.note');
    await screen.shows(/string; at once\. Anything/);
    screen.type(`${down}first${apply}`);
    await screen.shows(/\+ user\.note +first/);
    assert.equal(await setting('user.note'), '');
    screen.type(apply);
    await screen.shows(/\+ user\.note=first/);
    screen.type('y');
    await screen.shows(/Changed one/);
    assert.equal(await setting('user.note'), 'first');

    screen.type(`nuser.note${down}\x15second${apply}${apply}`);
    await screen.shows(/- user\.note=first/);
    await yurt.ok('config', 'set', 'one', 'limits.processes=200');
    screen.type('y');
    await screen.shows(/one was changed by somebody else/);
    assert.equal(await setting('user.note'), 'first');
    screen.type('\x1b');
    await screen.showsNot(/changed by somebody else/);
    await screen.shows(/limits\.processes +200/);
    screen.type(`${apply}`);
    await screen.shows(/\+ user\.note=second/);
    screen.type('y');
    await eventually(async () => assert.equal(await setting('user.note'), 'second'));
    assert.equal(await setting('limits.processes'), '200');
  });

  it('of devices adds one and takes it away', { timeout: longMs }, async () => {
    await yurt.ok('init', 'tiny', 'one');
    await using screen = world.open();
    await screen.shows(/▸ one +Stopped/);
    screen.type('\r\t');
    await screen.shows(/▸ +eth0 .*from a profile/);
    screen.type('nnull');
    await screen.shows(/▸ Name +null/);
    screen.type(`${down}unix-char`);
    await screen.shows(/▸ Type +unix-char/);
    await toField(screen, 'path');
    screen.type('/dev/nothing');
    await screen.shows(/▸ path +\/dev\/nothing/);
    await toField(screen, 'source');
    screen.type(`/dev/null${apply}`);
    await screen.shows(/\+ null +unix-char/);
    screen.type(`${apply}y`);
    await screen.shows(/Changed one/);
    assert.equal((await yurt.ok('config', 'device', 'get', 'one', 'null', 'path')).trim(), '/dev/nothing');
    screen.type('gj');
    await screen.shows(/▸ +null +unix-char/);
    screen.type('D');
    await screen.shows(/▸- null/);
    screen.type(`${apply}y`);
    await screen.showsNot(/null +unix-char/);
    assert.equal(await yurt.ok('config', 'device', 'list', 'one'), '');
  });

  it('publishes, rebuilds, moves and gives snapshots another name and an end', { timeout: longMs }, async () => {
    await yurt.ok('init', 'tiny', 'one');
    await yurt.ok('project', 'create', 'lab', '-c', 'features.images=false', '-c', 'features.profiles=false');
    await using screen = world.open();
    await screen.shows(/▸ one +Stopped/);
    screen.type('Pgolden');
    await screen.shows(/\$ yurt publish one --alias golden/);
    screen.type(apply);
    await screen.shows(/Made an image of one/);
    assert.match(await yurt.ok('image', 'list', '-f', 'csv'), /^golden,/m);

    screen.type('B');
    await screen.shows(/Rebuild one from an image/);
    screen.type(`golden${apply}`);
    await screen.shows(/Rebuild one from golden\?/);
    screen.type('y');
    await screen.shows(/Rebuilt one/);

    screen.type('\r\t\t\t');
    await screen.shows(/No snapshots yet/);
    screen.type('nold\r');
    await screen.shows(/▸ old .*never/);
    screen.type('mer\r');
    await screen.shows(/▸ older/);
    screen.type('E1w\r');
    await screen.shows(/▸ older +20\d\d\/.* 20\d\d\//);
    screen.type('\x1b');
    await screen.shows(/▸ one +Stopped/);

    screen.type(`M${down}\x15lab`);
    await screen.shows(/\$ yurt move one --target-project lab/);
    screen.type(apply);
    await screen.shows(/Moved one/);
    await screen.shows(/No instances yet/);
    assert.equal(await yurt.ok('list', '--project', 'lab', '-c', 'n', '-f', 'csv'), 'one\n');
    screen.type('A');
    await screen.shows(/one +lab +Stopped|one +Stopped.*lab/);
    screen.type('z');
    await screen.shows(/── lab ─/);
  });

  it('shows what runs in an instance', { timeout: longMs }, async () => {
    await yurt.ok('launch', 'tiny', 'one');
    await using screen = world.open();
    await screen.shows(/▸ one +Running/);
    screen.type('\r\t\t\t\t');
    await screen.shows(/\[processes\]/);
    await screen.shows(/^ +1 +0 +S .*init/m);
    await yurt.ok('exec', 'one', '--', 'sh', '-c', 'setsid sleep 4711 >/dev/null 2>&1 &');
    await screen.shows(/ sleep 4711$/m);
    await yurt.ok('pause', 'one');
    await screen.shows(/ sleep 4711$/m);
    await yurt.ok('resume', 'one');
    const listed = await yurt.ok('query', 'InstanceService/ListProcesses', '-d', '{"name":"one"}');
    const { processes } = JSON.parse(listed) as { processes: { pid: number; uid: number; arguments: string[] }[] };
    assert.equal(processes[0]?.pid, 1);
    assert.ok(processes.some(({ arguments: argv }) => argv.join(' ') === 'sleep 4711'));
    assert.ok(processes.every(({ uid }) => uid === 0));
    await yurt.ok('stop', '--force', 'one');
    await screen.shows(/Nothing runs while it is stopped/);
    assert.deepEqual(JSON.parse(await yurt.ok('query', 'InstanceService/ListProcesses', '-d', '{"name":"one"}')), {
      processes: [],
      truncated: false,
    });
  });

  it('browses, views, edits, pulls, pushes and deletes files', { timeout: longMs }, async () => {
    await yurt.ok('launch', 'tiny', 'one');
    await yurt.ok('exec', 'one', '--', 'sh', '-c', 'mkdir /root/deep; echo "a first line" > /root/deep/notes');
    await using screen = world.open({ EDITOR: 'sed -i s/first/second/' });
    await screen.shows(/▸ one +Running/);
    screen.type('F');
    await screen.shows(/ root\/ *$/m);
    while (!/▸.* root\/ *$/m.test(screen.text)) {
      const before = screen.text;
      screen.type(down);
      await eventually(() => assert.notEqual(screen.text, before));
    }
    screen.type('\r');
    await screen.shows(/▸.* deep\/ *$/m);
    screen.type('\r');
    await screen.shows(/▸.* notes *$/m);
    screen.type('\r');
    await screen.shows(/^a first line$/m);
    screen.type('q');
    await screen.shows(/▸.* notes *$/m);
    screen.type('e');
    await eventually(async () => {
      assert.equal(await yurt.ok('exec', 'one', '--', 'cat', '/root/deep/notes'), 'a second line\n');
    });
    await screen.shows(/▸.* notes *$/m);
    screen.type('P');
    await eventually(() => assert.equal(readFileSync(join(screen.directory, 'notes'), 'utf8'), 'a second line\n'));
    await screen.shows(/▸.* notes *$/m);
    writeFileSync(join(screen.directory, 'more'), 'of this computer\n');
    screen.type('u');
    await screen.shows(/Push the local file/);
    screen.type('missing\r');
    await screen.shows(/Error: .*missing/);
    await screen.shows(/It ended with code 1\. Any key goes back to yurt\./);
    screen.type(' ');
    await screen.shows(/▸.* notes *$/m);
    screen.type('u');
    await screen.shows(/Push the local file/);
    screen.type('more\r');
    await screen.shows(/ more *$/m);
    assert.equal(await yurt.ok('exec', 'one', '--', 'cat', '/root/deep/more'), 'of this computer\n');
    await yurt.ok('exec', 'one', '--', 'touch', '/root/deep/outside');
    screen.type('\x12');
    await screen.shows(/ outside *$/m);
    await screen.shows(/▸.* notes *$/m);
    screen.type('D');
    await screen.shows(/Delete notes\?/);
    screen.type('y');
    await screen.showsNot(/ notes *$/m);
    assert.equal(await yurt.ok('exec', 'one', '--', 'ls', '/root/deep'), 'more\noutside\n');
  });

  it('lets a client in, and shuts it out', { timeout: longMs }, async () => {
    await yurt.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
    await using screen = world.open();
    await screen.shows(/No instances yet/);
    screen.type(':trust\r');
    await screen.shows(/No client on the network is trusted/);
    screen.type(`ndesktop${apply}`);
    await screen.shows(/yurt remote add NAME \S+/);
    screen.type('q');
    await screen.shows(/▸ desktop +token +everything/);
    screen.type('D');
    await screen.shows(/Delete the token desktop\?/);
    screen.type('y');
    await screen.shows(/No client on the network is trusted/);
    assert.equal(await yurt.ok('config', 'trust', 'list-tokens', '-f', 'csv'), '');
    screen.type('Nteam\r');
    await screen.shows(/▸ team +group +nothing/);
    assert.match(await yurt.ok('auth', 'group', 'list', '-f', 'csv'), /^team,/m);
    screen.type(':server\r');
    await screen.shows(/core\.https_address: 127\.0\.0\.1:8443/);
  });
});

/** Goes down in a form until the field is the one with the cursor. */
async function toField(screen: Screen, label: string): Promise<void> {
  const focused = () => /▸ (\S+)/.exec(screen.text.split('\n').find((row) => row.startsWith('│ ▸')) ?? '')?.[1];
  const seen = new Set<string | undefined>();
  for (let at = focused(); at !== label; at = focused()) {
    assert.ok(!seen.has(at), screen.text);
    seen.add(at);
    screen.type(down);
    await eventually(() => assert.notEqual(focused(), at));
  }
}
