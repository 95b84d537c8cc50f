import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

/** Debian's lxcfs, mounted where it belongs, in a mount namespace that nobody else sees. */
class Lxcfs implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #directory = mkdtempSync(join(tmpdir(), 'yurt-e2e-lxcfs-'));

  private constructor() {
    const argv = ['--mount', '--propagation', 'private', 'lxcfs', '-f', '-p', join(this.#directory, 'pid')];
    this.#process = spawn('unshare', [...argv, '/var/lib/lxcfs'], { stdio: 'ignore' });
  }

  static async start(): Promise<Lxcfs> {
    const lxcfs = new Lxcfs();
    await eventually(() => assert.ok(existsSync(`/proc/${lxcfs.#process.pid}/root/var/lib/lxcfs/proc/meminfo`)));
    return lxcfs;
  }

  enter(argv: readonly string[]): string[] {
    return ['nsenter', `--mount=/proc/${this.#process.pid}/ns/mnt`, '--', ...argv];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
    rmSync(this.#directory, { recursive: true });
  }
}

describe('on a host with lxcfs', () => {
  let lxcfs: Lxcfs;
  let yurt: Daemon;

  before(
    async () => {
      lxcfs = await Lxcfs.start();
      yurt = await Daemon.start(await template('tiny', 'debian/12'), tmpdir(), (argv) => lxcfs.enter(argv));
      await yurt.ok('launch', 'tiny', 'small', '-c', 'limits.memory=128MiB', '-c', 'limits.cpu=1');
      await yurt.ok('launch', 'tiny', 'nest', '-c', 'security.nesting=true');
    },
    { timeout: longMs },
  );

  after(async () => {
    await yurt[Symbol.asyncDispose]();
    await lxcfs[Symbol.asyncDispose]();
  });

  async function sh(name: string, script: string): Promise<string> {
    return await yurt.ok('exec', name, '--', 'sh', '-c', script);
  }

  it('an instance sees its own memory and processors', async () => {
    assert.match(await sh('small', 'grep MemTotal /proc/meminfo'), /^MemTotal:\s+131072 kB$/m);
    assert.equal(await sh('small', 'grep -c ^processor /proc/cpuinfo'), '1\n');
    assert.equal(await sh('small', 'nproc'), '1\n');
  });

  it('an instance has its own time since the start', async () => {
    const hostSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    const seconds = Number((await sh('nest', 'cat /proc/uptime')).split(' ')[0]);
    assert.ok(seconds >= 0 && seconds < hostSeconds && seconds < 300, `${seconds} s of ${hostSeconds} s`);
  });

  it('a whole Debian boots without a unit that fails, and sees its own memory', { timeout: longMs }, async () => {
    await yurt.ok('launch', 'debian/12', 'deb', '-c', 'limits.memory=256MiB');
    await eventually(async () =>
      assert.equal((await sh('deb', 'systemctl is-system-running --wait')).trim(), 'running'),
    );
    assert.equal(await sh('deb', 'systemctl --failed --plain --no-legend'), '');
    assert.match(await sh('deb', 'cat /proc/meminfo'), /^MemTotal:\s+262144 kB$/m);
  });

  it('containers inside can mount proc with security.nesting, and without it cannot', async () => {
    const script =
      'unshare --user --map-root-user --pid --fork --mount sh -c "mount -t proc proc /proc" && echo mounted';
    assert.match(await sh('nest', script), /mounted/);
    assert.notEqual((await yurt.yurt(['exec', 'small', '--', 'sh', '-c', script])).exitCode, 0);
  });
});
