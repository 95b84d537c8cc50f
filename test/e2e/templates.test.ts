import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const longMs = 4 * 60_000;

const tiny = {
  recipe: `
name: greeter
description: busybox with templates
from: busybox
templates:
  - path: /etc/hostname
    content: |
      {{ instance.name }}
  - path: /etc/greeting
    when: [create]
    mode: 0640
    content: |
      {{ trigger }} {{ path }} {{ config_get("user.greeting", "nothing") }}
      {% include "/etc/shadow" %} {{7*7}}
  - path: /etc/name
    when: [create, copy, rename]
    content: |
      {{ trigger }} {{ instance.name }}
  - path: /run-once/each
    when: [start]
    content: |
      {{ trigger }} {{ config_get("user.greeting", "nothing") }}
  - path: /etc/passwd
    create_only: true
    content: never
files:
  - path: /etc/passwd
    content: |
      root:x:0:0:root:/root:/bin/sh
  - path: /etc/inittab
    content: |
      ::sysinit:/bin/true
      ::restart:/sbin/init
`,
} as const;

describe('the templates of an instance', { timeout: longMs }, () => {
  let yurt: Daemon;

  before(
    async () => {
      yurt = await Daemon.start(await template(tiny));
      await yurt.ok('init', 'greeter', 'web', '-c', 'user.greeting=hello');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  const read = async (path: string) => await yurt.ok('exec', 'web', '--', 'cat', path);

  /** Runs a command that must succeed, with a text on stdin. */
  async function typed(input: string, ...args: string[]): Promise<void> {
    const { exitCode, stderr } = await yurt.yurt(args, { input });
    assert.equal(exitCode, 0, stderr);
  }

  it('are written before it starts, as its own root, and what is no token stays', async () => {
    assert.match(await yurt.ok('config', 'show', 'web'), /volatile\.apply_template: create/);
    await yurt.ok('start', 'web');
    assert.equal(await read('/etc/hostname'), 'web\n');
    assert.equal(await read('/etc/greeting'), 'create /etc/greeting hello\n{% include "/etc/shadow" %} {{7*7}}\n');
    assert.equal(await read('/run-once/each'), 'start hello\n');
    assert.match(await read('/etc/passwd'), /^root:x:0:0/);
    const owners = await yurt.ok('exec', 'web', '--', 'stat', '-c', '%u:%g %a', '/etc/greeting', '/run-once');
    assert.equal(owners, '0:0 640\n0:0 755\n');
    assert.doesNotMatch(await yurt.ok('config', 'show', 'web'), /apply_template/);
  });

  it('are written once, or on each start, as they say', async () => {
    await yurt.ok('exec', 'web', '--', 'sh', '-c', 'echo mine >/etc/hostname; echo mine >/run-once/each');
    await yurt.ok('config', 'set', 'web', 'user.greeting=again');
    await yurt.ok('restart', 'web', '-f');
    assert.equal(await read('/etc/hostname'), 'mine\n');
    assert.equal(await read('/run-once/each'), 'start again\n');
  });

  it('never follow a link of the instance out of it', async () => {
    const canary = join(yurt.directory, 'canary');
    writeFileSync(canary, 'untouched');
    await yurt.ok('exec', 'web', '--', 'sh', '-c', `rm -r /run-once && ln -s ${yurt.directory} /run-once`);
    await yurt.ok('stop', 'web', '-f');
    const { exitCode, stderr } = await yurt.yurt(['start', 'web']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /Cannot write the template "each\.tpl" to \/run-once\/each/);
    assert.match(await yurt.ok('list', 'web', '-f', 'csv', '-c', 's'), /STOPPED/);
  });

  it('can be changed for the instance alone', async () => {
    const shown = await yurt.ok('config', 'metadata', 'show', 'web');
    assert.match(shown, /^ {2}\/run-once\/each:$/m);
    await typed(shown.replace('/run-once/each:', '/srv/each:'), 'config', 'metadata', 'edit', 'web');
    await typed('for {{ instance.name }}\n', 'config', 'template', 'edit', 'web', 'each.tpl');
    await typed('x', 'config', 'template', 'create', 'web', 'more.tpl');
    assert.match(await yurt.ok('config', 'template', 'list', 'web', '-f', 'csv'), /each\.tpl\n.*more\.tpl\n/s);
    assert.equal(await yurt.ok('config', 'template', 'show', 'web', 'each.tpl'), 'for {{ instance.name }}\n');
    const used = await yurt.yurt(['config', 'template', 'delete', 'web', 'each.tpl']);
    assert.match(used.stderr, /is what \/srv\/each is made of/);
    await yurt.ok('config', 'template', 'delete', 'web', 'more.tpl');
    await yurt.ok('start', 'web');
    assert.equal(await read('/srv/each'), 'for web\n');
  });

  it('go with a copy and follow a new name, and a server that was killed writes them when it is back', async () => {
    await yurt.ok('stop', 'web', '-f');
    await yurt.ok('copy', 'web', 'two');
    await yurt.ok('start', 'two');
    assert.equal(await yurt.ok('exec', 'two', '--', 'cat', '/etc/name', '/srv/each'), 'copy two\nfor two\n');
    await yurt.ok('stop', 'two', '-f');
    await yurt.ok('rename', 'two', 'three');
    await yurt.signal('SIGKILL');
    await yurt.up();
    await yurt.ok('start', 'three');
    assert.equal(await yurt.ok('exec', 'three', '--', 'cat', '/etc/name', '/etc/hostname'), 'rename three\nthree\n');
    await yurt.ok('start', 'web');
    assert.equal(await read('/etc/name'), 'create web\n');
    await yurt.ok('init', 'greeter', 'other');
    assert.match(await yurt.ok('config', 'metadata', 'show', 'other'), /^ {2}\/run-once\/each:$/m);
  });
});
