import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLog } from '../../server/base/log.ts';
import { Recipes } from '../../server/images/recipes.ts';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { PackageRepository } from './harness/package-repository.ts';

const longMs = 15 * 60_000;

describe('launching an image that is not here', () => {
  let yurt: Daemon;
  const stop = new AbortController();
  let serving: Promise<unknown> = Promise.resolve();

  before(
    async () => {
      const { recipe, release } = await new Recipes(join(projectRoot, 'images'), silentLog).find('debian/12');
      const repository = await PackageRepository.open(release.suite ?? '', [...recipe.packages, ...release.packages]);
      yurt = await Daemon.start(undefined, undefined, (argv) => repository.within(argv));
      serving = yurt.inNetwork(repository.serveArgv, { signal: stop.signal }).catch(() => {});
    },
    { timeout: longMs },
  );

  after(async () => {
    await yurt[Symbol.asyncDispose]();
    stop.abort();
    await serving;
  });

  it('builds it from its recipe in the daemon, shows how far it is, and boots it', { timeout: longMs }, async () => {
    const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('mmdebstrap.'));
    const before = leftovers();
    const { exitCode, stderr, stdout } = await yurt.yurt(['launch', 'debian/12', 'web']);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(leftovers(), before);
    const said = stderr + stdout;
    assert.match(said, /Image "debian\/12" is not here yet: building it from its recipe/);
    for (const stage of [
      'Downloading packages',
      'Installing packages',
      'Running the commands of the recipe',
      'Starting web',
    ]) {
      assert.ok(said.includes(stage), `${stage} in ${said}`);
    }
    const state = await yurt.ok('exec', 'web', '--', 'systemctl', 'is-system-running', '--wait');
    assert.equal(state.trim(), 'running');
  });

  it('needs no build the next time', async () => {
    assert.match(await yurt.ok('image', 'list', '-f', 'csv'), /debian\/12/);
    const { stderr } = await yurt.yurt(['init', 'debian/12', 'other']);
    assert.doesNotMatch(stderr, /building/);
  });

  // Each start of this daemon has mounts of its own, as that of a service with a private /tmp has.
  it('goes on with its instances and its network when the server starts again with other mounts', async () => {
    const pid = async () => JSON.parse(await yurt.ok('list', 'web', '-f', 'json'))[0].state.pid;
    const before = await pid();
    await yurt.signal('SIGKILL');
    await yurt.up();
    assert.equal(await pid(), before);
    assert.match(await yurt.ok('exec', 'web', '--', 'getent', 'hosts', 'web.yurt'), /web\.yurt/);
    await yurt.ok('snapshot', 'web');
    await yurt.ok('restart', '-f', 'web');
    assert.notEqual(await pid(), before);
    await yurt.ok('delete', '-f', 'web');
  });
});
