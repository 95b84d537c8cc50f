import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RootedFiles } from '../../host/rooted-files.ts';
import type { TemplateRule, TemplateSet } from '../../templates/template-set.ts';
import type { Instance } from '../instance.ts';
import { applyTemplateKey } from './pending-trigger.ts';
import { TemplateWriter } from './template-writer.ts';

const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];

function rule(change: Partial<TemplateRule> = {}): TemplateRule {
  return { path: '/etc/hostname', when: ['create'], template: 'a', createOnly: false, properties: {}, ...change };
}

/** Root and a directory beside it; ids such that root inside is who runs the test. */
async function withRoot(
  use: (inside: string, outside: string, write: typeof writeInto) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'yurt-templates-'));
  const [inside, outside] = [join(directory, 'inside'), join(directory, 'outside')];
  const intoInside = (rules: readonly TemplateRule[], options: Options = {}) =>
    writeInto(rules, { rootPath: inside, ...options });
  try {
    for (const path of [join(inside, 'etc'), outside]) mkdirSync(path, { recursive: true });
    await use(inside, outside, intoInside);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Options {
  readonly rootPath?: string;
  readonly text?: string;
  readonly pending?: string;
}

async function writeInto(
  rules: readonly TemplateRule[],
  { rootPath = '', text = '{{ instance.name }}\n', pending = 'create' }: Options = {},
): Promise<void> {
  const set: TemplateSet = { rules, files: [{ name: 'a', content: text }] };
  const config = pending === '' ? {} : { [applyTemplateKey]: pending };
  const punched = [
    { kind: 'uid', inside: 0, outside: uid, count: 1 } as const,
    { kind: 'gid', inside: 0, outside: gid, count: 1 } as const,
  ];
  const idMap = { hostBase: 1_000_000, size: 65536, punched };
  const instance = {
    uuid: 'u',
    name: 'web',
    project: 'default',
    architecture: 'x86_64',
    ephemeral: false,
    idMap,
    config,
  };
  const writer = new TemplateWriter({
    metadata: { find: async () => set },
    openRoot: (path) => RootedFiles.open(path),
  });
  await writer.write(instance as unknown as Instance, { config: {}, devices: {} }, rootPath);
}

test('a file is made with its directories, owned by root of the instance', async () => {
  await withRoot(async (inside, _outside, write) => {
    await write([rule({ path: '/var/lib/seed/name', mode: 0o600 }), rule()]);
    assert.equal(readFileSync(join(inside, 'var/lib/seed/name'), 'utf8'), 'web\n');
    assert.equal(lstatSync(join(inside, 'var/lib/seed/name')).mode & 0o7777, 0o600);
    const made = lstatSync(join(inside, 'etc/hostname'));
    assert.deepEqual([made.mode & 0o7777, made.uid, made.gid], [0o644, uid, gid]);
    assert.deepEqual(readdirSync(join(inside, 'etc')), ['hostname']);
  });
});

test('a file that is there keeps its mode; with create_only, its content', async () => {
  await withRoot(async (inside, _outside, write) => {
    const path = join(inside, 'etc/hostname');
    writeFileSync(path, 'old', { mode: 0o640 });
    await write([rule({ createOnly: true })]);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    await write([rule()]);
    assert.deepEqual([readFileSync(path, 'utf8'), lstatSync(path).mode & 0o7777], ['web\n', 0o640]);
    const { ino } = lstatSync(path);
    await write([rule()]);
    assert.equal(lstatSync(path).ino, ino, 'what is right already is not written again');
  });
});

test('what is due is written once, then what each start writes', async () => {
  await withRoot(async (inside, _outside, write) => {
    const rules = [
      rule(),
      rule({ path: '/etc/each', when: ['create', 'start'] }),
      rule({ path: '/etc/copied', when: ['copy'] }),
    ];
    await write(rules, { text: '{{ trigger }}', pending: '' });
    assert.deepEqual(readdirSync(join(inside, 'etc')), ['each']);
    await write(rules, { text: '{{ trigger }}' });
    assert.deepEqual(readdirSync(join(inside, 'etc')).sort(), ['each', 'hostname']);
    assert.equal(readFileSync(join(inside, 'etc/each'), 'utf8'), 'start');
  });
});

test('no link leads a template out of the root', async () => {
  await withRoot(async (inside, outside, write) => {
    const canary = join(outside, 'canary');
    writeFileSync(canary, 'untouched');
    symlinkSync(canary, join(inside, 'etc/file'));
    symlinkSync(outside, join(inside, 'absolute'));
    symlinkSync('../outside', join(inside, 'relative'));
    symlinkSync('/etc', join(inside, 'within'));
    for (const path of ['/absolute/canary', '/relative/canary', '/absolute/new']) {
      await assert.rejects(write([rule({ path })]), {
        message: new RegExp(`^Cannot write the template "a" to ${path}`),
      });
    }
    await write([rule({ path: '/etc/file' }), rule({ path: '/within/followed' })]);
    assert.equal(lstatSync(join(inside, 'etc/file')).isFile(), true);
    assert.equal(readFileSync(join(inside, 'etc/followed'), 'utf8'), 'web\n');
    assert.equal(readFileSync(canary, 'utf8'), 'untouched');
    assert.deepEqual(readdirSync(outside), ['canary']);
  });
});

test('what cannot be written is said with its path, and leaves no part', async () => {
  await withRoot(async (inside, _outside, write) => {
    mkdirSync(join(inside, 'etc/hostname'));
    writeFileSync(join(inside, 'plain'), '');
    await assert.rejects(write([rule()]), { code: 'invalid', message: /to \/etc\/hostname: / });
    await assert.rejects(write([rule({ path: '/plain/x' })]), { code: 'invalid' });
    await assert.rejects(write([rule({ path: '/etc/x', uid: 70_000 })]), {
      code: 'invalid',
      message: /has no id 70000/,
    });
    await assert.rejects(write([rule({ path: '/etc/x', template: 'b' })]), { code: 'not-found' });
    assert.deepEqual(readdirSync(join(inside, 'etc')), ['hostname']);
  });
});
