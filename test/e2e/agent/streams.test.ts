import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { AgentUnderTest, finish, nextFrame, type Result } from './harness.ts';

const megabyte = 1024 * 1024;
const size = { columns: 80, rows: 24 };

describe('the streams of a command', () => {
  let under: AgentUnderTest;
  before(async () => {
    under = await AgentUnderTest.open();
  });
  after(async () => {
    await under[Symbol.asyncDispose]();
  });

  it('carry a megabyte there and back unchanged', async () => {
    const input = randomBytes(megabyte);
    const { code, stdout } = await under.run({ argv: ['cat'] }, input);
    assert.deepEqual([code, md5(stdout)], [0, md5(input)]);
  });

  it('are pipes, which can be opened by name, and separate ones', async () => {
    const { stdout, stderr } = await under.run({
      argv: ['sh', '-c', 'echo out > /dev/stdout; echo err > /dev/stderr; readlink /proc/self/fd/1'],
    });
    assert.match(stdout.toString(), /^out\npipe:\[\d+\]\n$/);
    assert.equal(stderr.toString(), 'err\n');
  });

  it('lose nothing of a terminal whose command ends at once, a hundred at a time', async () => {
    const results = await Promise.all(
      Array.from({ length: 100 }, () => under.run({ argv: ['head', '-c', '20000', '/dev/zero'], terminal: size })),
    );
    assert.deepEqual(new Set(results.map(lengthOf)), new Set([20_000]));
  });

  it('lose nothing of a terminal whose reader is slow', async () => {
    const session = await under.start({ argv: ['sh', '-c', 'seq 1 20000; echo end'], terminal: size });
    let text = '';
    session.grant('stdout', 1000);
    for await (const frame of session.frames()) {
      if (frame.type !== 'stdout') continue;
      text += frame.data.toString();
      assert.ok(frame.data.length <= 1000);
      setImmediate(() => session.grant('stdout', frame.data.length));
    }
    const expected = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\r\n`).join('');
    assert.equal(text, `${expected}end\r\n`);
  });

  it('know the size of the terminal before the command runs, two hundred times under load', async () => {
    const load = Array.from({ length: 4 }, () => under.start({ argv: ['sh', '-c', 'while :; do :; done'] }));
    for (let round = 0; round < 10; round++) {
      const sizes = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const terminal = { columns: 100 + index, rows: 30 + round };
          const { stdout } = await under.run({ argv: ['stty', 'size'], terminal });
          return stdout.toString().trim() === `${terminal.rows} ${terminal.columns}`;
        }),
      );
      assert.ok(sizes.every((right) => right));
    }
    for (const session of await Promise.all(load)) session.close();
  });

  it('resize the terminal in order with what is typed', async () => {
    const session = await under.start({ argv: ['sh', '-c', 'while read -r x; do stty size; done'], terminal: size });
    const frames = session.frames()[Symbol.asyncIterator]();
    await nextFrame(frames, ({ type }) => type === 'stdin-window');
    session.grant('stdout', megabyte);
    let text = '';
    for (let round = 1; round <= 20; round++) {
      session.resize({ columns: 100 + round, rows: 50 });
      session.writeStdin(Buffer.from('\n'));
      while (!text.includes(`50 ${100 + round}\r\n`)) {
        const frame = await nextFrame(frames, ({ type }) => type === 'stdout');
        if (frame.type === 'stdout') text += frame.data.toString();
      }
    }
    session.close();
  });

  it('can be resized until the very end, which is no concern of any other terminal', async () => {
    const other = await under.start({ argv: ['sh', '-c', 'read -r x; stty size'], terminal: size });
    const ended = await under.start({ argv: ['true'], terminal: size });
    ended.resize({ columns: 10, rows: 10 });
    assert.equal((await finish(ended)).code, 0);
    ended.resize({ columns: 11, rows: 11 });
    const { stdout } = await finish(other, Buffer.from('\n'));
    assert.match(stdout.toString(), /24 80/);
  });

  it('take a megabyte typed into a raw terminal', async () => {
    const input = Buffer.from(randomBytes(megabyte / 2).toString('hex'));
    const script = `stty raw -echo; echo ready; head -c ${input.length} | md5sum`;
    const session = await under.start({ argv: ['sh', '-c', script], terminal: size });
    session.grant('stdout', 1000);
    let [rest, window, text] = [input, 0, ''];
    for await (const frame of session.frames()) {
      if (frame.type === 'stdin-window') window += frame.bytes;
      else if (frame.type === 'stdout') text += frame.data.toString();
      if (!text.includes('ready')) continue;
      session.writeStdin(rest.subarray(0, window));
      const sent = Math.min(rest.length, window);
      [rest, window] = [rest.subarray(sent), window - sent];
    }
    assert.ok(text.includes(md5(input)), text);
  });

  it('signal the foreground by what is typed', async () => {
    const session = await under.start({ argv: ['sleep', '1000'], terminal: size });
    const frames = session.frames()[Symbol.asyncIterator]();
    await nextFrame(frames, ({ type }) => type === 'stdin-window');
    session.grant('stdout', 100);
    session.writeStdin(Buffer.from('\x03'));
    const exit = await nextFrame(frames, ({ type }) => type === 'exit');
    assert.deepEqual(exit, { type: 'exit', code: 130, message: '' });
  });

  it('do not wait for each other: a full stderr does not hold up stdout, and the other way round', async () => {
    for (const [full, free, redirect] of [
      ['stderr', 'stdout', '>&2'],
      ['stdout', 'stderr', ''],
    ] as const) {
      const other = redirect === '' ? '>&2' : '';
      const script = `yes ${redirect} & i=0; while [ $i -lt 100 ]; do echo $i ${other}; i=$((i+1)); done; kill $!`;
      const session = await under.start({ argv: ['sh', '-c', script] });
      session.grant(full, 100);
      session.grant(free, megabyte);
      const frames = session.frames()[Symbol.asyncIterator]();
      let text = '';
      while (!text.endsWith('\n99\n')) {
        const frame = await nextFrame(frames, ({ type }) => type === free);
        if (frame.type === free) text += frame.data.toString();
      }
      session.close();
    }
  });

  it('stop at the window, so that a slow reader costs the agent no memory', async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => under.start({ argv: ['yes'] })));
    for (const session of sessions) session.grant('stdout', 1000);
    for (const session of sessions) {
      const frames = session.frames()[Symbol.asyncIterator]();
      let bytes = 0;
      while (bytes < 1000) {
        const frame = await nextFrame(frames, ({ type }) => type === 'stdout');
        if (frame.type === 'stdout') bytes += frame.data.length;
      }
      assert.equal(bytes, 1000);
    }
    assert.ok((await agentMemory(under)) < 64 * megabyte);
    for (const session of sessions) session.close();
  });

  it('grant stdin only as the command takes it', async () => {
    const session = await under.start({ argv: ['sleep', '1000'] });
    const frames = session.frames()[Symbol.asyncIterator]();
    let granted = 0;
    for (;;) {
      const frame = await Promise.race([
        nextFrame(frames, () => true),
        under.run({ argv: ['true'] }).then(() => undefined),
      ]);
      if (frame?.type !== 'stdin-window') break;
      granted += frame.bytes;
      session.writeStdin(Buffer.alloc(frame.bytes));
    }
    assert.ok(granted > 0 && granted < megabyte, `${granted} bytes`);
    assert.throws(() => session.writeStdin(Buffer.alloc(megabyte)), { code: 'invalid' });
    session.close();
  });

  it('let stdin go nowhere when the command has closed it', async () => {
    const result = await under.run(
      { argv: ['sh', '-c', 'exec <&-; sleep 0.2; echo done'] },
      Buffer.alloc(3 * megabyte),
    );
    assert.deepEqual([result.code, result.stdout.toString()], [0, 'done\n']);
  });

  it('end after the command, even when something in the background keeps them open', async () => {
    const background = await under.run({ argv: ['sh', '-c', 'seq 1 10000; sleep 5555 & exit 4'] });
    assert.deepEqual([background.code, background.stdout.toString().endsWith('\n10000\n')], [4, true]);
    const chatty = await under.run({ argv: ['sh', '-c', 'yes & exit 5'] });
    assert.equal(chatty.code, 5);
    const drip = await under.run({ argv: ['sh', '-c', '(while sleep 0.02; do echo .; done) & exit 6'] });
    assert.equal(drip.code, 6);
    assert.match(await under.shell('ps'), /sleep 5555/, 'what runs in the background stays');
  });

  it('wait for a slow reader after the end of the command', async () => {
    const session = await under.start({ argv: ['sh', '-c', 'seq 1 10000; sleep 6666 & exit 0'] });
    await eventually(async () => assert.equal(await under.shell(`ls -d /proc/${session.pid} 2>/dev/null`), ''));
    const { stdout } = await finish(session);
    assert.ok(stdout.toString().endsWith('\n10000\n'));
  });

  it('carry a hundred megabytes', async () => {
    const { stdout } = await under.run({ argv: ['head', '-c', '104857600', '/dev/zero'] });
    assert.equal(stdout.length, 100 * megabyte);
    assert.ok((await agentMemory(under)) < 100 * megabyte);
  });
});

function md5(data: Buffer): string {
  return createHash('md5').update(data).digest('hex');
}

function lengthOf({ stdout }: Result): number {
  return stdout.length;
}

/** What the agent itself uses, without the files that it has mapped. */
async function agentMemory(under: AgentUnderTest): Promise<number> {
  const paths = await under.runtime.cgroupPaths(under.instance.id);
  const [pid = ''] = readFileSync(join(`${paths['unified']}.agent`, 'cgroup.procs'), 'utf8').split('\n');
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
