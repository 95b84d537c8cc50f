import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { template } from '../harness/template.ts';

it('a server that is killed while it makes an image leaves nothing of it to the next', {
  timeout: 120_000,
}, async () => {
  await using yurt = await Daemon.start(await template('tiny'));
  const directory = join(yurt.directory, 'images');
  const [original = ''] = readdirSync(directory);
  await yurt.ok('launch', 'tiny', 'web');
  await yurt.ok('exec', 'web', '--', 'sh', '-c', 'head -c 200000000 /dev/urandom > /root/large');
  await yurt.ok('stop', '--force', 'web');
  const publishing = yurt.yurt(['publish', 'web', '--alias', 'made']);
  await eventually(() => assert.ok(readdirSync(directory).some((name) => name.startsWith('.work-'))));
  await yurt.signal('SIGKILL');
  // One that died between the files of an image and its record.
  cpSync(join(directory, original), join(directory, 'ab'.repeat(32)), { recursive: true });
  assert.equal(readdirSync(directory).length, 3);
  await yurt.up();
  assert.deepEqual(readdirSync(directory), [original]);
  assert.notEqual((await publishing).exitCode, 0);
  assert.match(await yurt.ok('image', 'list', '-f', 'csv'), /^tiny,[^\n]*\n$/);
});
