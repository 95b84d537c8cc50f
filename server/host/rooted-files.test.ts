import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RootedFiles } from './rooted-files.ts';

/** `inside` is the root; `outside` holds what must never be seen through it. */
function withRoot(use: (root: RootedFiles, inside: string, outside: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'yurt-rooted-'));
  const [inside, outside] = [join(directory, 'inside'), join(directory, 'outside')];
  try {
    mkdirSync(join(inside, 'etc'), { recursive: true });
    mkdirSync(outside);
    writeFileSync(join(outside, 'canary'), 'secret');
    writeFileSync(join(inside, 'etc/file'), '0123456789');
    using root = RootedFiles.open(inside);
    use(root, inside, outside);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('no link, dot-dot or descriptor link leads out of the root', () => {
  withRoot((root, inside, outside) => {
    symlinkSync(join(outside, 'canary'), join(inside, 'absolute'));
    symlinkSync('../outside/canary', join(inside, 'relative'));
    symlinkSync(outside, join(inside, 'directory'));
    symlinkSync(`/proc/self/fd/0`, join(inside, 'magic'));
    for (const path of [
      'absolute',
      'relative',
      'directory/canary',
      '../outside/canary',
      'etc/../../outside/canary',
      'magic',
    ]) {
      assert.equal(root.readFile(path, 100), undefined, path);
      assert.equal(root.exists(path), false, path);
    }
    assert.equal(root.list('directory', 10), undefined);
    assert.equal(root.lstat('absolute')?.isSymbolicLink(), true);
  });
});

test('an exchange of a directory for a link while it is read shows nothing of the outside', () => {
  withRoot((root, inside, outside) => {
    mkdirSync(join(inside, 'real'));
    writeFileSync(join(inside, 'real/canary'), 'harmless');
    symlinkSync(outside, join(inside, 'link'));
    for (let round = 0; round < 2000; round++) {
      renameSync(join(inside, 'real'), join(inside, 'free'));
      renameSync(join(inside, 'link'), join(inside, 'real'));
      assert.equal(root.readText('real/canary', 100), undefined);
      renameSync(join(inside, 'real'), join(inside, 'link'));
      renameSync(join(inside, 'free'), join(inside, 'real'));
      assert.equal(root.readText('real/canary', 100), 'harmless');
    }
  });
});

test('sizes and counts are bounded, and only regular files are read', () => {
  withRoot((root, inside) => {
    execFileSync('mkfifo', [join(inside, 'fifo')]);
    symlinkSync('loop', join(inside, 'loop'));
    assert.equal(root.readText('etc/file', 10), '0123456789');
    assert.throws(() => root.readFile('etc/file', 9), { code: 'exhausted' });
    assert.equal(root.readHead('etc/file', 4)?.toString(), '0123');
    assert.throws(() => root.readFile('fifo', 10), { code: 'invalid' });
    assert.throws(() => root.readFile('etc', 10), { code: 'invalid' });
    assert.equal(root.readFile('loop', 10), undefined);
    assert.equal(root.readFile('etc/none', 10), undefined);
    assert.equal(root.readFile('etc/file/none', 10), undefined);
    for (let index = 0; index < 20; index++) writeFileSync(join(inside, 'etc', String(index)), '');
    assert.equal(root.list('etc', 5)?.length, 5);
    assert.throws(() => root.exists('x\0y'), { code: 'invalid' });
    assert.throws(() => root.exists('x'.repeat(5000)), { code: 'invalid' });
    assert.equal(root.resolve('/etc/./file'), '/etc/file');
  });
});
