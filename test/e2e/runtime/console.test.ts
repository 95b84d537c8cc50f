import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { readConsoleLog } from '../../../server/runtime/console-log.ts';
import { eventually, newTask, RuntimeUnderTest } from './harness.ts';

const bound = { timeout: 120_000 };

test('keys arrive whole and in order, also many at once', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  await under.runtime.writeConsole(id, Buffer.from('stty -echo; echo rea""dy; cat > /tmp/typed\n'));
  await under.seen(id, 'ready');
  const lines = Array.from({ length: 400 }, (_, index) => `line ${index} ${'x'.repeat(60)}\n`);
  await Promise.all(lines.map((line) => under.runtime.writeConsole(id, Buffer.from(line))));
  await under.runtime.writeConsole(id, Buffer.from('\u0004'));
  assert.match(await under.shell(id, 'stty echo; md5sum < /tmp/typed; wc -l < /tmp/typed'), /400/);
  const sum = createHash('md5').update(lines.join('')).digest('hex');
  assert.match(await under.shell(id, 'md5sum < /tmp/typed'), new RegExp(sum));
});

test('a writer that never reads does not hold up the console', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  await under.runtime.writeConsole(
    id,
    Buffer.from('i=0; while [ $i -lt 20000 ]; do echo "$i $PATH $PATH"; i=$((i+1)); done; echo D""ONE\n'),
  );
  await under.seen(id, 'DONE');
  assert.equal(await under.shell(id, 'echo alive'), 'alive\nEND 0');
});

test('a follower sees output as it comes, and the log of one that floods it stays bounded', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.boot();
  const stop = new AbortController();
  let last = '';
  const following = (async () => {
    for await (const data of readConsoleLog(under.logPath(id), { signal: stop.signal, follow: true, tailBytes: 0 })) {
      last = (last + data.toString('latin1')).slice(-200);
    }
  })();
  await under.runtime.writeConsole(
    id,
    Buffer.from('dd if=/dev/zero bs=64k count=400 2>/dev/null | tr "\\0" "y"; echo E""ND OF FLOOD\n'),
  );
  await eventually('the end of the flood', () => last.includes('END OF FLOOD'));
  assert.ok(statSync(under.logPath(id)).size <= 16 * 1024 * 1024);
  stop.abort();
  await following;
});

test('a system that does not read its console makes the writer fail, and can still be ended', bound, async () => {
  await using under = await RuntimeUnderTest.open();
  const id = await under.create({ init: ['/bin/sh', '-c', 'stty raw -echo; echo started; sleep 1000'] });
  await under.runtime.start(newTask(), id);
  await under.seen(id, 'started');
  const flood = Buffer.alloc(8 * 1024 * 1024, 'x');
  await assert.rejects(under.runtime.writeConsole(id, flood), { code: 'unavailable' });
  const exit = under.runtime.waitExit(id, newTask().signal);
  await under.runtime.kill(id, 'SIGKILL');
  assert.deepEqual(await exit, { kind: 'exited', status: 137 });
});
