import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type RunResult, run } from '../../server/host/run.ts';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

describe('projects', () => {
  let yurt: Daemon;
  let settings: string;

  /** Runs `yurt` with settings of its own. */
  const cli = (...args: string[]): Promise<RunResult> => yurt.yurt(args, { env: { YURT_CONF: settings } });
  const ok = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await cli(...args);
    assert.equal(exitCode, 0, `yurt ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const refused = async (message: RegExp, ...args: string[]): Promise<void> => {
    const { exitCode, stderr } = await cli(...args);
    assert.equal(exitCode, 1, `yurt ${args.join(' ')}`);
    assert.match(stderr, message);
  };

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      settings = mkdtempSync(join(tmpdir(), 'yurt-conf-'));
      await ok('launch', 'tiny', 'web');
      await ok('project', 'create', 'blue', '-c', 'features.images=false', '--description', 'The blue one');
    },
    { timeout: longMs },
  );

  after(async () => {
    await cli('project', 'delete', '--force', 'blue');
    rmSync(settings, { recursive: true, force: true });
    await yurt[Symbol.asyncDispose]();
  });

  it('stay as they are where they cannot be deleted: the one called default with all that is in it', async () => {
    const images = await ok('image', 'list', '-f', 'csv');
    const { exitCode, stderr } = await cli('project', 'delete', '--force', 'default');
    assert.equal(exitCode, 1);
    assert.match(stderr, /The project "default" cannot be deleted/);
    assert.equal(await ok('list', '-f', 'csv', '-c', 'ns'), 'web,RUNNING\n');
    assert.equal(await ok('image', 'list', '-f', 'csv'), images);
  });

  it('have instances of the same name side by side, each with a name of its own in DNS', async () => {
    await ok('--project', 'blue', 'launch', 'tiny', 'web');
    await ok('--project', 'blue', 'wait', 'web', 'ipv4', '--timeout', '60');
    await ok('wait', 'web', 'ipv4', '--timeout', '60');
    const list = await ok('list', '--all-projects', '-f', 'csv', '-c', 'ens4');
    const [blue = '', own = ''] = list.trim().split('\n');
    assert.match(blue, /^blue,web,RUNNING,[\d.]+ \(eth0\)$/);
    assert.match(own, /^default,web,RUNNING,[\d.]+ \(eth0\)$/);
    const address = (line: string) => line.split(',')[3]?.split(' ')[0] ?? '';
    assert.notEqual(address(blue), address(own));
    const asked = async (name: string) => await ok('exec', 'web', '--', 'nslookup', name);
    await eventually(async () => assert.ok((await asked('web.blue')).includes(address(blue))));
    assert.ok((await asked('web.blue.yurt')).includes(address(blue)));
    assert.ok((await asked('web')).includes(address(own)));
    assert.ok(!(await asked('web.yurt')).includes(address(blue)));
  });

  it('are told apart by every command', async () => {
    assert.equal(await ok('--project', 'blue', 'exec', 'web', '--', 'hostname'), 'web\n');
    assert.equal(await ok('--project', 'blue', 'list', '-f', 'csv', '-c', 'en'), 'blue,web\n');
    assert.equal(await ok('list', '-f', 'csv', '-c', 'en'), 'default,web\n');
    assert.match(await ok('profile', 'list', '--all-projects', '-f', 'csv'), /^blue,default,.*\ndefault,default,/);
    for (const command of [
      ['list'],
      ['image', 'list'],
      ['profile', 'list'],
      ['exec', 'web', '--', 'true'],
      ['start', 'web'],
    ]) {
      await refused(/Error: Project "bleu" does not exist; did you mean "blue"\?/, '--project', 'bleu', ...command);
    }
    await refused(/Instance "none" does not exist/, '--project', 'blue', 'stop', 'none');
  });

  it('share images, or have their own', async () => {
    const shared = await ok('--project', 'blue', 'image', 'list', '-f', 'csv');
    assert.equal(shared, await ok('image', 'list', '-f', 'csv'));
    assert.notEqual(shared, '');
    await ok('project', 'create', 'green');
    assert.equal(await ok('--project', 'green', 'image', 'list', '-f', 'csv'), '');
    await refused(
      /Image "tiny" does not exist/,
      ...['query', 'InstanceService/CreateInstance', '-d', '{"project":"green","image":"tiny"}'],
    );
    // The command line builds what is missing: in the project that it is missing in.
    await ok('--project', 'green', 'init', 'tiny', 'web');
    assert.match(await ok('--project', 'green', 'image', 'list', '-f', 'csv', '-c', 'el'), /^green,tiny/);
    assert.equal(await ok('image', 'list', '-f', 'csv'), shared);
    await refused(/not empty \(instance\/web, image\/[0-9a-f]{64}\)/, 'project', 'delete', 'green');
    await ok('project', 'delete', '--force', 'green');
    assert.equal(await ok('image', 'list', '-f', 'csv'), shared);
    await ok('init', 'tiny', 'after');
    await ok('delete', 'after');
  });

  it('are switched between, for all commands that follow', async () => {
    assert.equal(await ok('project', 'get-current'), 'default\n');
    await refused(/Project "red" does not exist/, 'project', 'switch', 'red');
    await ok('project', 'switch', 'blue');
    assert.equal(await ok('project', 'get-current'), 'blue\n');
    assert.equal(await ok('list', '-f', 'csv', '-c', 'e'), 'blue\n');
    assert.match(await ok('project', 'list', '-f', 'csv'), /^blue \(current\),NO,YES,YES,The blue one,1\n/);
    await ok('--project', 'default', 'list');
    await ok('project', 'switch', 'default');
  });

  it('are shown, set, unset and edited', async () => {
    await ok('project', 'set', 'blue', 'user.note=hello', 'limits.instances=100');
    assert.equal(await ok('project', 'get', 'blue', 'user.note'), 'hello\n');
    assert.match(await ok('project', 'show', 'blue'), /^name: blue\ndescription: The blue one\nconfig:\n/);
    await refused(
      /limits.processes: instance "web" must have limits.processes/,
      'project',
      'set',
      'blue',
      'limits.processes=9',
    );
    await ok('project', 'unset', 'blue', 'limits.instances');
    await refused(
      /Unknown configuration key "limits.memroy"; did you mean "limits.memory"/,
      'project',
      'set',
      'blue',
      'limits.memroy=1',
    );
    const edited = await yurt.yurt(['project', 'edit', 'blue'], {
      env: { YURT_CONF: settings },
      input: 'description: Edited\nconfig:\n  features.profiles: "true"\n  features.storage.volumes: "true"\n',
    });
    assert.equal(edited.exitCode, 0, edited.stderr);
    assert.match(
      await ok('project', 'show', 'blue'),
      /description: Edited\nconfig:\n {2}features.profiles: "true"\n {2}features.storage/,
    );
  });

  it('never exceed a limit, however many instances are made at once', { timeout: longMs }, async () => {
    await ok('project', 'set', 'blue', 'limits.instances=4');
    const names = Array.from({ length: 8 }, (_, index) => `many${index}`);
    const results = await Promise.all(names.map((name) => cli('--project', 'blue', 'init', 'tiny', name)));
    assert.equal(results.filter(({ exitCode }) => exitCode === 0).length, 3);
    for (const { exitCode, stderr } of results)
      if (exitCode !== 0) assert.match(stderr, /limits.instances=4 of project "blue"/);
    assert.match(await ok('project', 'info', 'blue', '-f', 'csv'), /^INSTANCES,4,4$/m);
    await refused(/limits.instances=3 .* its instances have 4/, 'project', 'set', 'blue', 'limits.instances=3');
    const made = (await ok('--project', 'blue', 'list', '-c', 'n', '-f', 'csv', 'many')).trim().split('\n');
    await ok('--project', 'blue', 'delete', ...made);
    await ok('project', 'unset', 'blue', 'limits.instances');
  });

  it('forbid what they restrict, and say by which key', async () => {
    await ok(
      'project',
      'create',
      'guests',
      '-c',
      'restricted=true',
      '-c',
      'features.images=false',
      '-c',
      'restricted.devices.nic=block',
    );
    await refused(
      /Error: .*Project "guests" forbids device "eth0" of instance "x": restricted.devices.nic=block/,
      ...['--project', 'guests', 'init', 'tiny', 'x'],
    );
    await ok('--project', 'guests', 'init', 'tiny', 'x', '--no-profiles', '-s', 'default');
    const lan = ['--no-profiles', '-s', 'default', '-d', 'eth1,type=nic,network=yurtbr0'];
    await refused(/forbids device "eth1"/, '--project', 'guests', 'init', 'tiny', 'y', ...lan);
    await refused(/is not empty \(instance\/x\)/, 'project', 'delete', 'guests');
    await ok('project', 'delete', 'guests', '--force');
  });

  it('survive a kill of the server, with what is in them', { timeout: longMs }, async () => {
    await yurt.signal('SIGKILL');
    await yurt.up();
    assert.equal(
      await ok('list', '--all-projects', '-f', 'csv', '-c', 'ens'),
      'blue,web,RUNNING\ndefault,web,RUNNING\n',
    );
    await ok('--project', 'blue', 'restart', 'web', '--force');
  });

  it('have events and operations of their own', async () => {
    const program = join(projectRoot, 'bin/yurt');
    const request = '{"types":["lifecycle"],"project":"blue"}';
    const watch = ['timeout', '3', program, 'query', 'yurt.v1.EventService/WatchEvents', '-d', request];
    const watching = run(watch, { env: { YURT_DIR: yurt.directory } });
    let over = false;
    void watching.finally(() => (over = true));
    while (!over) {
      for (const project of ['default', 'blue']) {
        for (const verb of ['pause', 'resume']) await ok('--project', project, verb, 'web');
      }
    }
    const { stdout } = await watching;
    assert.match(stdout, /"action": "instance-paused"/);
    assert.match(stdout, /"project": "blue"/);
    assert.doesNotMatch(stdout, /"project": "default"/);
    assert.match(await ok('operation', 'list', '--project', 'blue', '-f', 'csv'), /Resuming instance web/);
  });

  it('go when they are empty, or with all that is in them; the default one stays', async () => {
    await refused(/project "default" cannot be deleted/, 'project', 'delete', 'default');
    await refused(/not empty \(instance\/web\)/, 'project', 'delete', 'blue');
    await refused(/not empty/, 'project', 'rename', 'blue', 'red');
    await ok('project', 'delete', '--force', 'blue');
    assert.equal(await ok('project', 'list', '-f', 'json').then((text) => JSON.parse(text).length), 1);
    assert.equal(await ok('list', '--all-projects', '-f', 'csv', '-c', 'ens'), 'default,web,RUNNING\n');
  });
});
