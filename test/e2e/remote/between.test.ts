import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fingerprintOfPem } from '../../../proto/remote/fingerprint.ts';
import { Daemon, projectRoot } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { RemoteUser } from '../harness/remote-user.ts';
import { template } from '../harness/template.ts';
import { loopFileSystem } from '../storage/loop-file-system.ts';

const longMs = 4 * 60_000;
/** More than all buffers on the way hold, of bytes that cannot be compressed. */
const largeMegabytes = 192;
/** What a transfer may make a server grow by, however much passes through: windows, and what is being packed. */
const maxGrowthBytes = 128 * 1024 * 1024;

describe('instances between two servers', { timeout: 2 * longMs }, () => {
  let home: Daemon;
  let far: Daemon;
  let user: RemoteUser;

  before(
    async () => {
      home = await Daemon.start(await template('tiny'));
      far = await Daemon.start(await template('tiny'));
      await home.joinWith(far);
      user = new RemoteUser(home);
      await far.ok('config', 'set', 'core.https_address=:8443');
      await user.join(far, 'far');
      await far.ok('launch', 'tiny', 'web', '-c', 'user.colour=blue');
      await far.ok(
        'exec',
        'web',
        '--',
        'sh',
        '-c',
        'cd /root; echo one > file; chown 33:44 file; ln -s /etc/shadow soft; dd of=holes bs=1 count=0 seek=4096G < /dev/zero',
      );
      await far.ok('snapshot', 'web', 'before');
      await far.ok('exec', 'web', '--', 'sh', '-c', 'echo two > /root/file');
    },
    { timeout: longMs },
  );

  after(async () => {
    await far[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  const names = async (server: Daemon) => (await server.ok('list', '-c', 'nsS', '-f', 'csv')).trim();
  /** What is left of work that is over. */
  const volumes = async (server: Daemon) => {
    const { stdout } = await server.inNetwork([
      'find',
      join(server.directory, 'storage'),
      '-mindepth',
      '3',
      '-maxdepth',
      '3',
    ]);
    return stdout.split('\n').filter((line) => /\/(instances|snapshots)\//.test(line)).length;
  };
  const failure = async (...args: string[]) => {
    const { exitCode, stderr } = await user.yurt(args);
    assert.notEqual(exitCode, 0, args.join(' '));
    return stderr;
  };

  it('are copied with snapshots while they run, and start there', async () => {
    assert.equal(await user.ok('copy', 'far:web', 'local:', '-q'), '');
    assert.equal(await names(home), 'web,STOPPED,1');
    assert.equal(await names(far), 'web,RUNNING,1');
    await user.ok('start', 'web');
    const look = 'cat /root/file; stat -c "%u %g" /root/file; readlink /root/soft';
    assert.equal(await user.ok('exec', 'web', '--', 'sh', '-c', look), 'two\n33 44\n/etc/shadow\n');
    const holes = await user.ok('exec', 'web', '--', 'stat', '-c', '%s %b', '/root/holes');
    assert.equal(holes, '4398046511104 0\n');
    assert.equal(await user.ok('config', 'get', 'web', 'user.colour'), 'blue\n');
    const hwaddr = 'volatile.eth0.hwaddr';
    assert.notEqual(await user.ok('config', 'get', 'web', hwaddr), await user.ok('config', 'get', 'far:web', hwaddr));
    await user.ok('restore', 'web', 'before');
    assert.equal(await user.ok('exec', 'web', '--', 'cat', '/root/file'), 'one\n');
  });

  for (const mode of ['push', 'relay'] as const) {
    it(`go by ${mode} from a server that nobody can reach`, async () => {
      assert.match(await failure('copy', 'web', 'far:no', '--mode', 'pull'), /"local" does not listen on the network/);
      await user.ok('copy', 'web/before', `far:${mode}`, '--mode', mode, '--start', '-c', 'user.colour=', '-e');
      assert.equal((await user.ok('exec', `far:${mode}`, '--', 'cat', '/root/file')).trim(), 'one');
      assert.equal((await user.ok('config', 'get', `far:${mode}`, 'user.colour')).trim(), '');
      await user.ok('stop', '--force', `far:${mode}`);
      await eventually(async () => assert.doesNotMatch(await names(far), new RegExp(mode)));
    });
  }

  it('are refreshed: only what is new', async () => {
    await user.ok('stop', '--force', 'web');
    await user.ok('snapshot', 'far:web', 'later');
    await far.ok('exec', 'web', '--', 'sh', '-c', 'echo three > /root/file');
    await user.ok('config', 'set', 'web', 'user.own=yes');
    await user.ok('copy', 'far:web', 'local:web', '--refresh');
    assert.equal(await names(home), 'web,STOPPED,2');
    await user.ok('start', 'web');
    assert.equal(await user.ok('exec', 'web', '--', 'cat', '/root/file'), 'three\n');
    assert.equal(await user.ok('config', 'get', 'web', 'user.own'), 'yes\n');
    await user.ok('delete', '--force', 'web');
    assert.equal(await volumes(home), 0);
  });

  it('are moved as they are, and gone where they were', async () => {
    assert.match(await failure('move', 'far:web', 'local:'), /it is running, stop it first/);
    await user.ok('stop', '--force', 'far:web');
    const before = await user.ok('config', 'get', 'far:web', 'volatile.eth0.hwaddr');
    await user.ok('move', 'far:web', 'local:www');
    assert.deepEqual([await names(far), await names(home)], ['', 'www,STOPPED,2']);
    assert.equal(await user.ok('config', 'get', 'www', 'volatile.eth0.hwaddr'), before);
    await user.ok('move', 'www', 'far:web', '--start');
    assert.deepEqual([await names(far), await names(home)], ['web,RUNNING,2', '']);
    assert.equal(await volumes(home), 0);
  });

  it('bring no access to the host along', async () => {
    await user.ok('copy', 'far:web', 'far:odd', '-d', 'etc,type=disk,source=/etc,path=/mnt');
    assert.match(await failure('copy', 'far:odd', 'local:'), /device "etc", which gives it access to this host/);
    assert.equal(await names(home), '');
    await user.ok('copy', 'far:odd', 'local:', '-d', 'etc,type=none');
    await user.ok('copy', 'far:odd', 'local:two', '--allow-host-access');
    await user.ok('delete', 'odd', 'two', 'far:odd');
  });

  it('come with images, which launches bring along', async () => {
    await far.ok('publish', 'web/before', '--alias', 'mine', 'description=Mine');
    await user.ok('launch', 'far:mine', 'box', '-q');
    assert.equal(await user.ok('exec', 'box', '--', 'cat', '/root/file'), 'one\n');
    assert.doesNotMatch(await user.ok('image', 'list', '-f', 'csv'), /mine/);
    await user.ok('image', 'copy', 'far:mine', 'local:', '--alias', 'ours', '--copy-aliases');
    assert.match(await user.ok('image', 'info', 'ours'), /mine/);
    assert.match(
      await failure('image', 'copy', 'far:mine', 'local:', '--alias', 'tiny'),
      /alias "tiny" exists already/,
    );
    await user.ok('delete', '--force', 'box');
    await user.ok('image', 'copy', 'ours', 'far:', '--alias', 'back', '--mode', 'relay');
    assert.match(await user.ok('image', 'info', 'far:back'), /mine/);
  });

  it('are completed by the names that the other server has', async () => {
    const complete = async (...words: string[]) => await user.ok('complete', '--', ...words);
    assert.equal(await complete('copy', 'far:w'), 'words\nfar:web\t\n');
    assert.equal(await complete('copy', 'far:web', 'fa'), 'words\nfar:\t\n');
    assert.equal(await complete('exec', 'fa'), 'words\nfar:\t\n');
    assert.match(await complete('launch', 'far:m'), /^words\nfar:mine\t\n/);
  });

  it('are let in by a secret that is right, in time and for them, and only from the server that was named', async () => {
    const query = async (method: string, request: object, server = 'local') => {
      const words = ['query', `yurt.v1.TransferService/${method}`, '-d', JSON.stringify(request)];
      const { exitCode, stdout, stderr } = await user.yurt(words, { env: { YURT_REMOTE: server } });
      return exitCode === 0 ? (JSON.parse(stdout) as Record<string, string>) : { error: stderr };
    };
    const { certificate: own = '' } = await query('GetTransferPeer', {});
    const { certificate = '' } = await query('GetTransferPeer', {}, 'far');
    const { secret } = await query('ReceiveInstance', { name: 'in' });
    const { secret: peerSecret } = await query(
      'SendInstance',
      { instance: 'web', peerFingerprint: fingerprintOfPem(own) },
      'far',
    );
    const right = { secret, peerSecret, certificate, addresses: ['10.77.0.2:8443'] };
    const wrong: [object, RegExp][] = [
      [{ certificate: own }, /it shows another certificate than the one that was pinned/],
      [{ addresses: ['10.77.0.2:8444'] }, /10\.77\.0\.2:8444: nobody listens there/],
      [{ peerSecret: 'wrong' }, /The secret of the transfer is not known here/],
      [{ secret: 'wrong' }, /The secret of the transfer is not known here/],
    ];
    for (const [change, message] of wrong) {
      assert.match((await query('ConnectTransfer', { ...right, ...change }))['error'] ?? '', message);
    }
    const { secret: forOthers } = await query('SendInstance', { instance: 'web' }, 'far');
    assert.match(
      (await query('ConnectTransfer', { ...right, peerSecret: forOthers }))['error'] ?? '',
      /is not known here/,
    );
    assert.deepEqual(await query('ConnectTransfer', right), {});
    assert.match((await query('ConnectTransfer', right))['error'] ?? '', /is not known here/);
    await eventually(async () => assert.match(await names(home), /in,STOPPED/));
    await user.ok('delete', 'in');
  });

  describe('that take a while', () => {
    before(async () => {
      const write = `dd if=/dev/urandom of=/root/large bs=1048576 count=${largeMegabytes}; sync`;
      await far.ok('exec', 'web', '--', 'sh', '-c', write);
      await far.ok('stop', '--force', 'web');
    });

    /** Begins a copy, and waits until some of it has come. */
    async function begun(...args: string[]) {
      const [program = '', ...rest] = home.entering([join(projectRoot, 'bin/yurt'), ...args]);
      const child = spawn(program, rest, { env: { ...process.env, ...user.env }, stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.on('data', (data) => (stderr += data));
      const exited = once(child, 'exit');
      await eventually(async () => {
        const operations = JSON.parse(await home.ok('operation', 'list', '-f', 'json')) as {
          status: string;
          progress?: { done?: number };
        }[];
        const bytes = Math.max(
          0,
          ...operations.filter(({ status }) => /RUNNING/i.test(status)).map(({ progress }) => progress?.done ?? 0),
        );
        assert.ok(bytes > 0, `${child.exitCode} ${stderr} ${JSON.stringify(operations)}`);
      });
      return { child, exited, message: () => stderr };
    }

    /** The operations of both servers are over, and what is on them is this. */
    async function settled(onHome: string, onFar: string) {
      for (const server of [home, far]) {
        await eventually(async () => {
          assert.doesNotMatch(await server.ok('operation', 'list', '-f', 'json'), /RUNNING|CANCELING/i);
        }, 120_000);
      }
      assert.deepEqual([await names(home), await names(far)], [onHome, onFar]);
      await eventually(async () => assert.equal(await volumes(home), onHome === '' ? 0 : 3));
      assert.equal(await volumes(far), onFar === '' ? 0 : 3);
    }

    for (const mode of ['pull', 'relay'] as const) {
      it(`end on both sides when they are canceled, by ${mode}`, async () => {
        const { child, exited, message } = await begun('copy', 'far:web', 'local:', '--mode', mode);
        child.kill('SIGINT');
        await exited;
        assert.equal(child.exitCode, 130, message());
        await settled('', 'web,STOPPED,2');
      });
    }

    it('end on both sides when the link is cut, and can be tried again', { timeout: longMs }, async () => {
      const { exited, child, message } = await begun('move', 'far:web', 'local:');
      await home.setCables('cut');
      try {
        await exited;
        assert.notEqual(child.exitCode, 0);
        assert.match(message(), /lost|reach|closed/);
        await settled('', 'web,STOPPED,2');
      } finally {
        await home.setCables('whole');
      }
      await user.ok('move', 'far:web', 'local:');
      await settled('web,STOPPED,2', '');
      await user.ok('move', 'web', 'far:');
      await settled('', 'web,STOPPED,2');
    });

    for (const side of ['source', 'target'] as const) {
      it(`leave nothing when the server of the ${side} is killed, and can be tried again`, async () => {
        const killed = side === 'source' ? far : home;
        const { exited } = await begun('copy', 'far:web', 'local:');
        await killed.signal('SIGKILL');
        await exited;
        await killed.up();
        await settled('', 'web,STOPPED,2');
        await user.ok('copy', 'far:web', 'local:');
        await settled('web,STOPPED,2', 'web,STOPPED,2');
        await user.ok('delete', 'web');
      });
    }

    describe('and are several hundred megabytes', () => {
      before(async () => {
        await far.ok('start', 'web');
        const write = `dd if=/dev/urandom of=/root/more bs=1048576 count=${largeMegabytes * 2}; sync`;
        await far.ok('exec', 'web', '--', 'sh', '-c', write);
        await far.ok('stop', '--force', 'web');
        await home.ok('config', 'set', 'core.https_address=:8443');
      });

      /** Of `VmRSS`: at present; of `VmHWM`: the most since `forgetPeak`. */
      async function memory(server: Daemon, field: 'VmRSS' | 'VmHWM'): Promise<number> {
        const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
        const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status) ?? [];
        return Number(kilobytes) * 1024;
      }

      /** proc_pid_clear_refs(5). */
      const forgetPeak = (server: Daemon) => writeFile(`/proc/${server.pid}/clear_refs`, '5');

      for (const mode of ['pull', 'push', 'relay'] as const) {
        it(`pass through both servers in bounded memory, by ${mode}`, { timeout: longMs }, async (context) => {
          const servers = [far, home];
          const before = await Promise.all(servers.map((server) => memory(server, 'VmRSS')));
          await Promise.all(servers.map(forgetPeak));
          await user.ok('copy', 'far:web', 'local:', '-q', '--mode', mode);
          const peaks = await Promise.all(servers.map((server) => memory(server, 'VmHWM')));
          await user.ok('delete', 'web');
          const growth = peaks.map((peak, index) => peak - (before[index] ?? 0));
          const words = growth.map((bytes) => `${Math.round(bytes / 1024 ** 2)} MiB`).join(' and ');
          context.diagnostic(`${3 * largeMegabytes} MiB passed: source and target grew by ${words}`);
          assert.ok(
            growth.every((bytes) => bytes < maxGrowthBytes),
            words,
          );
        });
      }
    });
  });
});

describe('instances for a server', { timeout: longMs }, () => {
  it('whose disk is full leave nothing there', async () => {
    await using disk = await loopFileSystem('ext4');
    await using source = await Daemon.start(await template('tiny'));
    await using target = await Daemon.start(undefined, disk.directory);
    await target.joinWith(source);
    await source.ok('config', 'set', 'core.https_address=:8443');
    const user = new RemoteUser(target);
    await user.join(source, 'source');
    await source.ok('launch', 'tiny', 'web');
    const write = `dd if=/dev/urandom of=/root/large bs=1048576 count=${largeMegabytes}; sync`;
    await source.ok('exec', 'web', '--', 'sh', '-c', write);
    const filler = join(disk.directory, 'filler');
    const { bavail, bsize } = await statfs(disk.directory);
    await target.inNetwork(['fallocate', '-l', String(bavail * bsize - (largeMegabytes / 2) * 1024 ** 2), filler]);
    const { exitCode, stderr } = await user.yurt(['copy', 'source:web', 'local:']);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /[Nn]o space left|larger than \d+ bytes/);
    assert.equal(await target.ok('list', '-c', 'n', '-f', 'csv'), '');
    assert.equal(await source.ok('list', '-c', 'ns', '-f', 'csv'), 'web,RUNNING\n');
    await rm(filler);
    await eventually(async () => await user.ok('copy', 'source:web', 'local:'), longMs);
  });
});
