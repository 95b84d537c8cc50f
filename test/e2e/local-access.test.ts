import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon, projectRoot } from './harness/daemon.ts';
import { eventually } from './harness/eventually.ts';
import { Monitor } from './harness/monitor.ts';

const longMs = 3 * 60_000;
const [user, group] = [4242, 4711];

/** Runs `yurt` as somebody who is not root, in these groups. */
async function yurtAs(daemon: Daemon, groups: string, ...args: string[]) {
  const identity = ['setpriv', `--reuid=${user}`, `--regid=${user}`, groups];
  return await daemon.inNetwork([...identity, join(projectRoot, 'bin/yurt'), ...args], {
    env: { YURT_DIR: daemon.directory, HOME: '/nonexistent', YURT_CONF: '/nonexistent/yurt' },
  });
}

/** A server that alone sees a list of groups with these lines: that of the host stays what it is. */
async function serverWith(groups: string, use: (yurt: Daemon) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'yurt-group-'));
  const file = join(directory, 'group');
  writeFileSync(file, `${readFileSync('/etc/group', 'utf8').replace(/^yurt:.*\n/m, '')}${groups}`);
  chmodSync(directory, 0o755);
  try {
    await using yurt = await Daemon.start(undefined, undefined, (argv) => [
      ...['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/group && exec "$@"', file],
      ...argv,
    ]);
    await use(yurt);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('processes of the host', { timeout: longMs }, () => {
  it('may do everything as members of the group "yurt", and are told of by what the kernel says of them', async () => {
    await serverWith(`yurt:x:${group}:\n`, async (yurt) => {
      const { mode, uid, gid } = statSync(join(yurt.directory, 'unix.socket'));
      assert.deepEqual([mode & 0o777, uid, gid], [0o660, 0, group]);
      using audit = new Monitor(yurt, '--type', 'audit');
      await eventually(async () => {
        const member = await yurtAs(yurt, `--groups=${group}`, 'config', 'set', 'user.by=member');
        assert.equal(member.exitCode, 0, member.stderr);
        const told = new RegExp(`audit unix:uid=${user},gid=${user},pid=\\d+: .*/UpdateServerConfig: ok`);
        assert.match(audit.output, told);
      }, 30_000);
      assert.match((await yurtAs(yurt, `--groups=${group}`, 'auth', 'identity', 'info')).stdout, /entitlement: admin/);
      assert.match((await yurtAs(yurt, '--clear-groups', 'list')).stderr, /EACCES|permission/i);
    });
  });

  it('must be root where there is no such group', async () => {
    await serverWith('', async (yurt) => {
      const { mode, uid, gid } = statSync(join(yurt.directory, 'unix.socket'));
      assert.deepEqual([mode & 0o777, uid, gid], [0o600, 0, 0]);
      assert.match((await yurtAs(yurt, `--groups=${group}`, 'list')).stderr, /EACCES|permission/i);
    });
  });
});
