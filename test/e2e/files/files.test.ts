import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { encodeEntry } from '../../../proto/trees/entry.ts';
import { encodeRecord } from '../../../proto/trees/record.ts';
import { Api } from '../harness/api.ts';
import { Daemon } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { template } from '../harness/template.ts';

const longMs = 4 * 60_000;

describe('yurt file', () => {
  let yurt: Daemon;
  let api: Api;
  let here = '';

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('launch', 'tiny', 'box');
      await yurt.ok('init', 'tiny', 'still');
      api = new Api(yurt);
    },
    { timeout: longMs },
  );
  after(async () => {
    api[Symbol.dispose]();
    await yurt[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    here = mkdtempSync(join(tmpdir(), 'yurt-files-'));
  });
  afterEach(() => rmSync(here, { recursive: true }));

  const path = (...parts: string[]) => join(here, ...parts);
  const fails = async (...args: string[]) => {
    const { exitCode, stderr } = await yurt.yurt(args);
    assert.equal(exitCode, 1, args.join(' '));
    return stderr;
  };
  const inBox = async (script: string) => (await yurt.ok('exec', 'box', '--', '/bin/sh', '-c', script)).trim();

  for (const instance of ['box', 'still']) {
    describe(`of an instance that ${instance === 'box' ? 'runs' : 'is stopped'}`, () => {
      it('pushes and pulls one file, with owner and mode', async () => {
        writeFileSync(path('hello'), 'hello\n', { mode: 0o640 });
        await yurt.ok('file', 'push', path('hello'), `${instance}/root/a/hello`, '-p', '--uid', '7', '--gid', '8');
        assert.match(await yurt.ok('file', 'list', '-l', `${instance}/root/a`), /^-rw-r----- +7 +8 +6 .* hello\n$/);
        assert.equal(await yurt.ok('file', 'pull', `${instance}/root/a/hello`, '-'), 'hello\n');
        await yurt.ok('file', 'pull', `${instance}/root/a/hello`, here);
        await yurt.ok('file', 'pull', `${instance}/root/a/hello`, path('other'));
        assert.equal(readFileSync(path('other'), 'utf8'), 'hello\n');
        assert.equal(lstatSync(path('other')).uid, process.getuid?.());
      });

      it('makes the directory that several files, a tree, or a name with a slash go to', async () => {
        await yurt.ok('file', 'create', '-p', `${instance}/root/made/file`);
        await yurt.ok('file', 'pull', `${instance}/root/made/file`, `${path('slash')}/`);
        await yurt.ok('file', 'pull', '-r', `${instance}/root/made`, path('tree'));
        await yurt.ok('file', 'pull', `${instance}/root/made/file`, `${instance}/root/made/file`, path('several'));
        for (const made of ['slash/file', 'tree/made/file', 'several/file']) assert.ok(lstatSync(path(made)).isFile());
        assert.match(await fails('file', 'pull', `${instance}/root/made/none`, `${path('none')}/`), /no such file/);
        assert.equal(lstatSync(path('none'), { throwIfNoEntry: false }), undefined);
        assert.match(await fails('file', 'pull', `${instance}/root/made/file`, path('none', 'file')), /no such file/);
      });

      it('keeps owner and mode of what exists unless it is told otherwise', async () => {
        writeFileSync(path('x'), 'new', { mode: 0o600 });
        await yurt.ok('file', 'create', `${instance}/root/kept`, '--mode', '0751', '--uid', '5');
        await yurt.ok('file', 'push', path('x'), `${instance}/root/kept`);
        const listed = () => yurt.ok('file', 'list', '-l', `${instance}/root/kept`);
        assert.match(await listed(), /^-rwxr-x--x +5 +0 +3 /);
        await yurt.ok('file', 'push', path('x'), `${instance}/root/kept`, '--mode', '0400');
        assert.match(await listed(), /^-r-------- +5 +0 +3 /);
      });

      it('creates, lists and deletes', async () => {
        await yurt.ok('file', 'create', `${instance}/srv/d/`);
        await yurt.ok('file', 'create', '--type=symlink', `${instance}/srv/d/link`, '/etc/passwd');
        assert.match(await fails('file', 'create', `${instance}/srv/d/link`), /exists already/);
        assert.match(await fails('file', 'delete', `${instance}/srv/d`), /not empty/);
        assert.equal(await yurt.ok('file', 'list', `${instance}/srv/d`), 'link\n');
        const [entry] = JSON.parse(await yurt.ok('file', 'list', `${instance}/srv/d`, '-f', 'json'));
        assert.deepEqual([entry.name, entry.type, entry.target], ['link', 'symlink', '/etc/passwd']);
        await yurt.ok('file', 'delete', '-r', `${instance}/srv/d`);
        assert.match(await fails('file', 'delete', `${instance}/srv/d`), /no such file/);
        await yurt.ok('file', 'delete', '-f', `${instance}/srv/d`);
      });

      it('resolves links inside of the instance', async () => {
        const secret = path('secret');
        writeFileSync(secret, 'of the host');
        await yurt.ok('file', 'create', '--type=symlink', `${instance}/root/out`, here, '-f');
        assert.match(await fails('file', 'pull', `${instance}/root/out/secret`, '-'), /no such file/);
        assert.match(await fails('file', 'push', secret, `${instance}/root/out/new`), /no such file/);
        assert.match(await fails('file', 'pull', `${instance}/../../../..${secret}`, '-'), /no such file/);
      });
    });
  }

  it('takes directories as cp does, and links as links', async () => {
    mkdirSync(path('tree/sub'), { recursive: true });
    writeFileSync(path('tree/sub/file'), 'x');
    symlinkSync('sub/file', path('tree/link'));
    assert.match(await fails('file', 'push', path('tree'), 'box/root/'), /is a directory/);
    await yurt.ok('file', 'push', '-r', path('tree'), 'box/root');
    assert.equal(await inBox('readlink /root/tree/link; cat /root/tree/link'), 'sub/file\nx');
    await yurt.ok('file', 'push', '-r', `${path('tree')}/.`, 'box/root/flat/', '-p');
    assert.equal(await inBox('cat /root/flat/sub/file'), 'x');
    await yurt.ok('file', 'pull', '-r', 'box/root/tree', path('back'), '-p');
    assert.equal(readlinkSync(path('back/tree/link')), 'sub/file');
    assert.match(await fails('file', 'pull', 'box/root/tree', here), /is a directory/);
    await yurt.ok('file', 'pull', 'box/root/tree/link', path('copy'), '-L');
    assert.ok(lstatSync(path('copy')).isFile());
  });

  it('leaves out what is no file in a tree, and says so', async () => {
    await inBox('mkdir -p /root/odd; mkfifo /root/odd/pipe; echo x > /root/odd/file');
    const { exitCode, stderr } = await yurt.yurt(['file', 'pull', '-r', 'box/root/odd', here]);
    assert.equal(exitCode, 0);
    assert.match(stderr, /^Warning: .*pipe: is neither a file.*left out\n$/);
    assert.match(await fails('file', 'pull', 'box/root/odd/pipe', here), /is neither a file/);
    const content = await yurt.yurt(['file', 'pull', '-r', 'box/root/odd/.', path('content')]);
    assert.equal(content.exitCode, 0);
    assert.match(content.stderr, /^Warning: .*pipe: is neither a file.*left out\n$/);
    assert.deepEqual(readdirSync(path('content')), ['file']);
  });

  it('lists sockets, pipes and devices as what they are', async () => {
    await inBox('mkdir -p /root/kinds; mkfifo -m 600 /root/kinds/pipe');
    assert.match(await yurt.ok('file', 'list', '-l', 'box/root/kinds'), /^prw------- +0 +0 +0 .* pipe\n$/);
    const listed = JSON.parse(await yurt.ok('file', 'list', 'box/dev', '-f', 'json')) as {
      name: string;
      type: string;
    }[];
    const kinds = new Map(listed.map(({ name, type }) => [name, type]));
    assert.deepEqual(
      [kinds.get('log'), kinds.get('null'), kinds.get('shm')],
      ['socket', 'character-device', 'directory'],
    );
  });

  it('names the file that does not fit, or whose owner cannot be', async () => {
    mkdirSync(path('tree'));
    for (let n = 0; n < 40; n++) writeFileSync(path('tree', `${n}`), Buffer.alloc(30_000));
    await inBox('mkdir -p /small && mount -t tmpfs -o size=1m none /small');
    assert.match(await fails('file', 'push', '-r', path('tree'), 'box/small/'), /\/small\/tree\/\d+: no space left/);
    assert.equal(await inBox('ls -A /small/tree | grep -c yurt; umount /small'), '0');
    const owner = await fails('file', 'push', path('tree/1'), 'box/root/owned', '--uid', '4000000000');
    assert.match(owner, /\/root\/owned: its owner would be 4000000000:/);
  });

  it('pulls what the kernel says, which has no length', async () => {
    assert.equal(await yurt.ok('file', 'pull', 'box/proc/1/comm', '-'), `${await inBox('cat /proc/1/comm')}\n`);
  });

  it('edits a file from stdin, and keeps its owner', async () => {
    await yurt.ok('file', 'create', 'box/root/edited', '--mode', '0604');
    const { exitCode } = await yurt.yurt(['file', 'edit', 'box/root/edited'], { input: 'content' });
    assert.equal(exitCode, 0);
    assert.equal(await inBox('stat -c %a /root/edited; cat /root/edited'), '604\ncontent');
  });

  it('leaves nothing of a push whose client goes away', async () => {
    const call = api.files.PushFiles();
    call.on('error', () => {});
    call.on('data', () => {});
    call.write({ start: { instance: 'box', target: Buffer.from('/root/half'), into: 'PUSH_INTO_EXACTLY' } });
    const entry = { depth: 0, name: Buffer.from('half'), kind: 'file', mode: 0o644, uid: 0, gid: 0 } as const;
    const time = { size: 1000, seconds: 0, nanoseconds: 0 };
    call.write({ records: encodeRecord('entry', encodeEntry({ ...entry, ...time })) });
    call.write({ records: encodeRecord('data', Buffer.concat([Buffer.alloc(8), Buffer.from('part of it')])) });
    await eventually(async () => assert.match(await inBox('ls -A /root'), /\.yurt-/));
    call.cancel();
    await eventually(async () => assert.doesNotMatch(await inBox('ls -A /root'), /\.yurt-|half/));
  });

  it('holds little of a pull that nobody reads', async () => {
    await inBox('dd if=/dev/zero of=/root/large bs=1M count=300 2>/dev/null');
    const before = residentBytes(yurt.pid, 'VmRSS');
    const call = api.files.PullFiles({ instance: 'box', paths: [Buffer.from('/root/large')] });
    call.on('error', () => {});
    call.pause();
    await once(call, 'metadata');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.ok(residentBytes(yurt.pid, 'VmRSS') - before < 60e6, 'what is on the way is bounded');
    call.cancel();
    await inBox('rm /root/large');
  });

  it('gives way to a start of the instance', async () => {
    await yurt.ok('init', 'tiny', 'soon');
    const call = api.files.PushFiles();
    const failed = once(call, 'error');
    call.on('data', () => {});
    call.write({ start: { instance: 'soon', target: Buffer.from('/root/half'), into: 'PUSH_INTO_EXACTLY' } });
    const entry = { depth: 0, name: Buffer.from('half'), kind: 'file', mode: 0o644, uid: 0, gid: 0 } as const;
    call.write({ records: encodeRecord('entry', encodeEntry({ ...entry, size: 9, seconds: 0, nanoseconds: 0 })) });
    await eventually(async () => assert.match(await yurt.ok('file', 'list', 'soon/root'), /\.yurt-/));
    await yurt.ok('start', 'soon');
    assert.match(String((await failed)[0]), /is needed otherwise/);
    assert.equal(await yurt.ok('exec', 'soon', '--', 'cat', '/proc/1/comm'), 'init\n');
    assert.equal(await yurt.ok('file', 'list', 'soon/root'), '', 'nothing of what was not whole');
    await yurt.ok('delete', '-f', 'soon');
  });

  it('leaves nothing behind when the server is killed meanwhile', async () => {
    await yurt.ok('file', 'list', 'still/root');
    await yurt.signal('SIGKILL');
    await yurt.up();
    api[Symbol.dispose]();
    api = new Api(yurt);
    assert.equal(readdirSync(join(yurt.directory, 'run/agents')).length, 1, 'of the box');
    await yurt.ok('file', 'list', 'still/root');
    await yurt.ok('start', 'still');
    await yurt.ok('stop', '-f', 'still');
  });

  describe('into a file system that is made of memory', () => {
    const sizeBytes = 200 * 1024 * 1024; // more than an agent may have
    const listed = () => inBox('ls -A /dev/shm /run');
    beforeEach(() => {
      const block = Buffer.alloc(1024 * 1024, 'content ');
      for (let at = 0; at < sizeBytes; at += block.length) appendFileSync(path('big'), block);
    });

    it('takes the memory of the instance', { timeout: longMs }, async () => {
      await yurt.ok('file', 'push', path('big'), 'box/dev/shm/big');
      assert.equal(await inBox('cat /dev/shm/big | wc -c'), String(sizeBytes));
      await inBox('rm /dev/shm/big');
    });

    it('goes on when root inside has removed the cgroup for commands', { timeout: longMs }, async () => {
      const leave = 'for pid in $(cat .yurt/cgroup.procs); do echo "$pid" > cgroup.procs || true; done 2> /dev/null';
      await inBox(`cd /sys/fs/cgroup; ${leave}; rmdir .yurt`);
      await yurt.ok('file', 'push', path('big'), 'box/dev/shm/big');
      assert.equal(await inBox('cat /dev/shm/big | wc -c'), String(sizeBytes));
      await inBox('rm /dev/shm/big');
    });

    it('fails when that may have no more, and leaves all else as it was', { timeout: longMs }, async () => {
      const before = await listed();
      await yurt.ok('config', 'set', 'box', 'limits.memory=100MiB');
      const session = inBox('until [ -e /root/go ]; do sleep 0.1; done; echo alive');
      for (let round = 0; round < 3; round++) {
        assert.match(await fails('file', 'push', path('big'), 'box/dev/shm/big'), /\/dev\/shm\/big: not enough memory/);
      }
      assert.equal(await listed(), before);
      await inBox('touch /root/go');
      assert.equal(await session, 'alive');
      await yurt.ok('config', 'unset', 'box', 'limits.memory');
    });
  });
});

/** proc_pid_status(5). */
function residentBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}
