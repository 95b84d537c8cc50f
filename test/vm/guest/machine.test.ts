import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { run, runChecked } from '../../../server/host/run.ts';

/** statfs(2): the type of a cgroup v2 file system. */
const cgroup2Magic = 0x63677270;

/** What makes this machine worth testing in: if any of it is missing, the other tests prove less than they claim. */
describe('the virtual machine', () => {
  it('has cgroups version 2 and nothing of version 1', () => {
    assert.equal(statfsSync('/sys/fs/cgroup').type, cgroup2Magic);
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), / - cgroup /);
    const controllers = readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').trim().split(' ');
    for (const name of ['cpu', 'cpuset', 'io', 'memory', 'pids']) assert.ok(controllers.includes(name), name);
  });

  it('has AppArmor', () => {
    assert.equal(readFileSync('/sys/module/apparmor/parameters/enabled', 'utf8').trim(), 'Y');
  });

  it('has crun and no runc', async () => {
    const { stdout } = await runChecked(run, ['crun', '--version']);
    assert.match(stdout, /^crun version/);
    await assert.rejects(run(['runc', '--version']), { code: 'unsupported' });
  });

  it('has lxcfs running', async () => {
    const { stdout } = await run(['systemctl', 'is-active', 'lxcfs.service']);
    assert.equal(stdout.trim(), 'active');
  });

  it('runs the Node that yurt pins', () => {
    const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.ok(typeof manifest === 'object' && manifest !== null && 'dependencies' in manifest);
    assert.equal(Object(manifest.dependencies)['node'], process.versions.node);
  });

  it('has no network but its own loopback', async () => {
    const { stdout } = await runChecked(run, ['ip', '-j', 'link']);
    const links: { ifname: string }[] = JSON.parse(stdout);
    assert.deepEqual(
      links.map(({ ifname }) => ifname),
      ['lo'],
    );
  });

  it('has the images that were built on the host', () => {
    assert.ok(readdirSync(process.env['YURT_TEST_CACHE'] ?? '').length > 0);
  });
});
