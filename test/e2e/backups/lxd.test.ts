import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { template } from '../harness/template.ts';
import { type LxdFacts, lxdBackup } from './lxd-archive.ts';

const timeout = 4 * 60_000;
const facts: LxdFacts = {
  ...{ name: 'c1', snapshots: ['snap0'], version: 1, shift: 0 },
  config: {
    ...{ 'user.colour': 'blue', 'volatile.base_image': 'a'.repeat(64), 'volatile.uuid': 'x' },
    ...{ 'volatile.idmap.base': '0', 'security.csm': 'true' },
  },
  metadata: `architecture: x86_64
creation_date: 1778186025
properties: {os: tiny}
templates:
  /etc/hostname: {when: [create, copy, rename], template: hostname.tpl}
`,
  templates: { 'hostname.tpl': '{{ container.name }}\n' },
};

describe('a backup that lxc export wrote', { timeout: 8 * 60_000 }, () => {
  let yurt: Daemon;
  let files: string;
  let roots: Buffer;

  before(async () => {
    files = mkdtempSync(join(tmpdir(), 'yurt-lxd-'));
    yurt = await Daemon.start(await template('tiny'));
    await yurt.ok('launch', 'tiny', 'web');
    await sh('web', 'cd /root; echo one > file; mkdir -m 1777 dir; chown 33:44 dir; chmod 4755 file; ln file hard');
    await yurt.ok('snapshot', 'web', 'snap0');
    await sh('web', 'echo two > /root/second');
    await yurt.ok('export', 'web', join(files, 'web.tar'), '--compression', 'none');
    roots = readFileSync(join(files, 'web.tar'));
  });
  after(async () => {
    rmSync(files, { recursive: true, force: true });
    await yurt[Symbol.asyncDispose]();
  });

  const sh = async (name: string, script: string) => (await yurt.ok('exec', name, '--', 'sh', '-c', script)).trim();
  const importing = async (change: Partial<LxdFacts>, ...args: string[]) => {
    const file = join(files, 'lxd.tar.gz');
    writeFileSync(file, lxdBackup(roots, { ...facts, ...change }));
    const { exitCode, stderr } = await yurt.yurt(['import', file, ...args]);
    assert.equal(exitCode, 0, stderr);
    return stderr;
  };
  const look = 'cd /root; cat file; stat -c "%n %a %u %g %h" file dir; hostname; ls second 2>/dev/null';

  for (const [version, shift] of [
    [1, 100_000],
    [2, 0],
  ] as const) {
    it(`becomes an instance with data, owners, snapshots and templates (index version ${version}, ids from ${shift} on)`, {
      timeout,
    }, async () => {
      const warnings = await importing({ version, shift });
      assert.match(warnings, /Left out .*security\.csm/);
      assert.doesNotMatch(warnings, /volatile/);
      assert.equal((await yurt.ok('list', 'c1', '-f', 'csv', '-c', 'nsS')).trim(), 'c1,STOPPED,1');
      assert.equal((await yurt.ok('config', 'get', 'c1', 'user.colour')).trim(), 'blue');
      assert.match(await yurt.ok('config', 'show', 'c1'), /^description: of old$/m);
      assert.match(await yurt.ok('snapshot', 'show', 'c1/snap0'), /^expires_at: null$/m);
      assert.equal(await yurt.ok('config', 'template', 'show', 'c1', 'hostname.tpl'), '{{ container.name }}\n');
      await yurt.ok('start', 'c1');
      assert.equal(await sh('c1', look), 'one\nfile 4755 0 0 2\ndir 1777 33 44 2\nc1\nsecond');
      await yurt.ok('restore', 'c1', 'snap0');
      assert.equal(await sh('c1', 'ls /root/second 2>/dev/null | wc -l'), '0');
      assert.equal(await yurt.ok('config', 'template', 'show', 'c1', 'hostname.tpl'), '{{ container.name }}\n');
      await yurt.ok('delete', '--force', 'c1');
    });
  }

  it('may be of the instance alone, and gets another name', { timeout }, async () => {
    const file = join(files, 'only.tar');
    await yurt.ok('export', 'web', file, '--compression', 'none', '--instance-only');
    writeFileSync(join(files, 'lxd.tar.gz'), lxdBackup(readFileSync(file), { ...facts, snapshots: [] }));
    await yurt.ok('import', join(files, 'lxd.tar.gz'), 'c2');
    await yurt.ok('start', 'c2');
    assert.equal(await sh('c2', 'cat /root/file /etc/hostname'), 'one\nc2');
    assert.equal((await yurt.ok('list', 'c2', '-f', 'csv', '-c', 'S')).trim(), '0');
    await yurt.ok('delete', '--force', 'c2');
  });

  it('with templates that cannot be understood comes without them, and says so', { timeout }, async () => {
    const metadata = facts.metadata.replace('hostname.tpl', 'nothing.tpl');
    assert.match(await importing({ metadata }), /Left out the templates: .*nothing\.tpl/);
    assert.equal(await yurt.ok('config', 'template', 'list', 'c1', '-f', 'csv'), '');
    await yurt.ok('delete', 'c1');
  });
});
