import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run, runChecked } from '../../../server/host/run.ts';
import { parseRecipe, type Recipe } from '../../../server/images/recipe.ts';
import { tarTypes } from '../../../server/images/tar-format.ts';
import { tarEnd, tarFile } from '../../../server/images/tar-writer.ts';
import { eventually } from '../harness/eventually.ts';
import { ImageFactory, makeTask } from './image-factory.ts';

const tinyBuildLimitMs = 10_000;

describe('the tiny image', () => {
  it('is built fast, the same each time, and unpacks to a root that works', async () => {
    await using factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
    const request = { ...(await factory.recipes.find('tiny')), aliases: [] };
    const began = performance.now();
    const image = await factory.store.build(makeTask(), request);
    assert.ok(performance.now() - began < tinyBuildLimitMs);
    assert.deepEqual(
      image.aliases.map(({ name }) => name),
      ['tiny'],
    );
    assert.equal((await factory.store.build(makeTask(), request)).fingerprint, image.fingerprint);
    const root = await unpacked(factory, image.fingerprint);
    assert.equal(await readlink(join(root, 'sbin/init')), '../bin/busybox');
    assert.equal((await stat(join(root, 'etc/shadow'))).mode & 0o777, 0o600);
    assert.equal((await stat(join(root, 'tmp'))).mode & 0o7777, 0o1777);
    await assert.rejects(lstat(join(root, 'etc/hostname')), { code: 'ENOENT' });
    const { stdout } = await runChecked(run, ['chroot', root, 'su', '-l', '-c', 'id -un; echo $PAGER']);
    assert.equal(stdout, 'root\nless\n');
  });

  it('is one file that begins with metadata.yaml, as the field has it', async () => {
    await using factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
    const image = await factory.store.build(makeTask(), { ...(await factory.recipes.find('tiny')), aliases: ['a'] });
    const { stdout } = await runChecked(run, [
      'tar',
      '--list',
      '--zstd',
      '--file',
      factory.store.archivePath(image.fingerprint),
    ]);
    const names = stdout.trim().split('\n');
    assert.deepEqual(names.slice(0, 2), ['metadata.yaml', 'rootfs/']);
    assert.ok(names.every((name) => name === 'metadata.yaml' || name.startsWith('rootfs/')));
  });
});

describe('the commands of a recipe', () => {
  it('see a root, processes and mounts of their own, and leave no mount', async () => {
    await using factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
    const recipe = small(`
files:
  - {path: /etc/greeting, content: hello, mode: 0640}
  - {path: /linked/inside, content: x}
commands:
  - ln -s /nowhere /dangling
  - |
    mount -t tmpfs none /mnt
    touch /mnt/gone
    ls /proc | grep -c '^[0-9]*$' >/processes
    cat /etc/greeting >/seen
`);
    const image = await factory.store.build(makeTask(), { recipe, release: recipe.defaultRelease, aliases: [] });
    assert.deepEqual(mountsBelow(factory.directory), []);
    const root = await unpacked(factory, image.fingerprint);
    assert.equal(await readFile(join(root, 'seen'), 'utf8'), 'hello');
    assert.ok(Number(await readFile(join(root, 'processes'), 'utf8')) < 10);
    assert.deepEqual(await readdir(join(root, 'mnt')), []);
    assert.equal((await stat(join(root, 'etc/greeting'))).mode & 0o777, 0o640);
    assert.equal((await stat(join(root, 'linked'))).mode & 0o777, 0o755);
  });

  it('fail the build with their own words, and nothing stays', async () => {
    await using factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
    const recipe = small('commands: ["echo first >&2; false; echo never"]');
    await assert.rejects(factory.store.build(makeTask(), { recipe, release: recipe.defaultRelease, aliases: [] }), {
      code: 'invalid',
      message: 'Cannot build image "small": A command of the recipe failed with status 1: first',
    });
    assert.deepEqual(await readdir(join(factory.directory, 'images')), []);
  });

  it('end with their build when it is canceled', async () => {
    await using factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
    const controller = new AbortController();
    const recipe = small('commands: ["mount -t tmpfs none /mnt; sleep 1000 & wait"]');
    const building = factory.store.build(makeTask(controller.signal), {
      recipe,
      release: recipe.defaultRelease,
      aliases: [],
    });
    await eventually(() => assertRunning(factory.directory));
    controller.abort();
    await assert.rejects(building, { name: 'Fault', code: 'canceled' });
    await eventually(() => assert.deepEqual(processesIn(factory.directory), []));
    assert.deepEqual(await readdir(join(factory.directory, 'images')), []);
  });

  it('end with the server that is killed, and the next one removes what is left', async () => {
    await using factory = await ImageFactory.make();
    const text =
      'name: small\ndescription: Small\nfrom: busybox\ncommands: ["mount -t tmpfs none /mnt; sleep 1000 & wait"]';
    const program = join(import.meta.dirname, 'interrupted-build.ts');
    const server = spawn(process.execPath, [program, factory.directory, text], { stdio: 'inherit' });
    await eventually(() => assertRunning(factory.directory));
    server.kill('SIGKILL');
    await eventually(() => assert.deepEqual(processesIn(factory.directory), []));
    assert.deepEqual(mountsBelow(factory.directory), []);
    assert.equal((await readdir(join(factory.directory, 'images'))).length, 1);
    await factory.store.repair(makeTask());
    assert.deepEqual(await readdir(join(factory.directory, 'images')), []);
  });
});

describe('a hostile image', () => {
  it('changes nothing outside of the directory it is unpacked into', async () => {
    await using factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
    const canary = join(factory.directory, 'canary');
    await writeFile(canary, 'unchanged');
    const common = {
      linkName: '',
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: 0,
      attributes: new Map<string, string>(),
      sizeBytes: 0,
    };
    const text = (name: string, content: string) =>
      tarFile({ ...common, name, type: tarTypes.file, sizeBytes: content.length }, Buffer.from(content));
    const other = (name: string, type: string, linkName = '') =>
      tarFile({ ...common, name, type, linkName }, Buffer.alloc(0));
    const start = [text('metadata.yaml', 'architecture: x86_64\n'), other('rootfs/', tarTypes.directory)];
    const attacks = [
      [other('rootfs/a', tarTypes.symbolicLink, factory.directory), text('rootfs/a/canary', 'changed')],
      [other('rootfs/a', tarTypes.symbolicLink, '../../..'), other('rootfs/a/b', tarTypes.directory)],
      [other('rootfs/a', tarTypes.symbolicLink, canary), text('rootfs/a', 'changed')],
      [other('rootfs/a', tarTypes.hardLink, canary)],
      [text('rootfs/../../canary', 'changed')],
      [text(canary, 'changed')],
    ];
    for (const attack of attacks) {
      const content = Buffer.concat([...start, ...attack, tarEnd]);
      const pieces = (async function* () {
        yield content;
      })();
      await assert.rejects(factory.store.import(makeTask(), { content: pieces, aliases: [] }), { code: 'invalid' });
    }
    assert.equal(await readFile(canary, 'utf8'), 'unchanged');
  });

  it('keeps links and owners, and loses devices', async () => {
    await using factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
    const common = {
      linkName: '',
      mode: 0o4755,
      uid: 65534,
      gid: 7,
      mtime: 9,
      attributes: new Map<string, string>(),
      sizeBytes: 0,
    };
    const entries = [
      tarFile(
        { ...common, name: 'metadata.yaml', type: tarTypes.file, sizeBytes: 21 },
        Buffer.from('architecture: x86_64\n'),
      ),
      tarFile({ ...common, name: 'rootfs/', type: tarTypes.directory, mode: 0o755 }, Buffer.alloc(0)),
      tarFile({ ...common, name: 'rootfs/set', type: tarTypes.file, sizeBytes: 1 }, Buffer.from('x')),
      tarFile(
        { ...common, name: 'rootfs/up', type: tarTypes.symbolicLink, linkName: '../../etc/shadow' },
        Buffer.alloc(0),
      ),
      tarFile({ ...common, name: 'rootfs/null', type: tarTypes.characterDevice }, Buffer.alloc(0)),
      tarFile({ ...common, name: 'rootfs/hard', type: tarTypes.hardLink, linkName: 'rootfs/set' }, Buffer.alloc(0)),
    ];
    const content = (async function* () {
      yield* [...entries, tarEnd];
    })();
    const image = await factory.store.import(makeTask(), { content, aliases: [] });
    const root = await unpacked(factory, image.fingerprint);
    assert.deepEqual((await readdir(root)).sort(), ['hard', 'set', 'up']);
    const set = await stat(join(root, 'set'));
    assert.deepEqual([set.mode & 0o7777, set.uid, set.gid, set.nlink, set.mtimeMs], [0o4755, 65534, 7, 2, 9000]);
    assert.equal(await readlink(join(root, 'up')), '../../etc/shadow');
  });
});

describe('the debian image', () => {
  let factory: ImageFactory;
  before(async () => {
    factory = await ImageFactory.make();
    await factory.store.repair(makeTask());
  });
  after(async () => await factory[Symbol.asyncDispose]());

  it('has no trace of the host and is ready to boot', { timeout: 600_000 }, async () => {
    const task = makeTask();
    const image = await factory.store.build(task, { ...(await factory.recipes.find('debian')), aliases: [] });
    assert.deepEqual(
      image.aliases.map(({ name }) => name),
      ['debian', 'debian/13', 'debian/trixie'],
    );
    assert.ok(task.progress.some(({ stage }) => stage === 'Installing packages'));
    const root = await unpacked(factory, image.fingerprint);
    assert.equal(await readFile(join(root, 'etc/machine-id'), 'utf8'), '');
    assert.equal(await readlink(join(root, 'etc/resolv.conf')), '../run/systemd/resolve/stub-resolv.conf');
    for (const gone of [
      'etc/hostname',
      'etc/apt/apt.conf.d/99mmdebstrap',
      'etc/dpkg/dpkg.cfg.d/99mmdebstrap',
      'dev/null',
    ]) {
      await assert.rejects(lstat(join(root, gone)), { code: 'ENOENT' }, gone);
    }
    assert.deepEqual(await readdir(join(root, 'etc/apt/sources.list.d')), ['image.sources']);
    assert.match(
      await readFile(join(root, 'etc/apt/sources.list.d/image.sources'), 'utf8'),
      /^Suites: trixie trixie-updates$/m,
    );
    const enabled = await run(['chroot', root, 'systemctl', 'is-enabled', 'systemd-networkd', 'systemd-resolved']);
    assert.equal(enabled.stdout, 'enabled\nenabled\n');
    const audit = await runChecked(run, ['chroot', root, 'dpkg', '--audit']);
    assert.equal(audit.stdout, '');
  });

  it('leaves no mount, process or file when its build is canceled', { timeout: 120_000 }, async () => {
    await using other = await ImageFactory.make();
    await other.store.repair(makeTask());
    const controller = new AbortController();
    const task = makeTask(controller.signal);
    const building = other.store.build(task, { ...(await other.recipes.find('debian')), aliases: [] });
    // Its first packages are being configured: mmdebstrap has mounted what they need.
    await eventually(() => assertRunning(other.directory), 60_000);
    controller.abort();
    await assert.rejects(building, { code: 'canceled' });
    assert.deepEqual(processesIn(other.directory), []);
    assert.deepEqual(mountsBelow(other.directory), []);
    assert.deepEqual(await readdir(join(other.directory, 'images')), []);
  });

  it('says when the mirror does not have a suite', { timeout: 60_000 }, async () => {
    const recipe = parseRecipe(
      'x',
      'name: x\ndescription: X\nfrom: mmdebstrap\nreleases: {"1": {suite: no-such-suite}}',
    );
    await assert.rejects(factory.store.build(makeTask(), { recipe, release: recipe.defaultRelease, aliases: [] }), {
      code: 'unavailable',
      message: `Cannot build image "x/1": The mirrors of this host's apt sources do not have the suite "no-such-suite"`,
    });
  });

  it('says when a package does not exist', { timeout: 60_000 }, async () => {
    const recipe = parseRecipe(
      'x',
      'name: x\ndescription: X\nfrom: mmdebstrap\nreleases: {"12": {suite: bookworm}}\npackages: [no-such-package]',
    );
    await assert.rejects(factory.store.build(makeTask(), { recipe, release: recipe.defaultRelease, aliases: [] }), {
      code: 'invalid',
      message: 'Cannot build image "x/12": The suite "bookworm" has no package "no-such-package"',
    });
  });
});

function small(more: string): Recipe {
  return parseRecipe('small', `name: small\ndescription: Small\nfrom: busybox\n${more}`);
}

async function unpacked(factory: ImageFactory, fingerprint: string): Promise<string> {
  const root = join(factory.directory, 'root');
  await mkdir(root);
  await factory.store.unpack(makeTask(), fingerprint, root);
  return root;
}

function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory));
}

/** Pids of processes whose root directory lies below `directory`: the commands of a build. */
function processesIn(directory: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^[0-9]+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/root`).startsWith(directory);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

/** That a command of the build runs: its shell and what the shell started. */
function assertRunning(directory: string): void {
  assert.ok(processesIn(directory).length >= 2, 'no command runs yet');
}
