import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Compares text with the file `goldens/<name>` beside the test. With `UPDATE_GOLDENS=1` in the environment it writes
 * the file instead: look at the difference before you commit it.
 */
export function assertGolden(testDirectory: string, name: string, text: string, update = updating()): void {
  const path = join(testDirectory, 'goldens', name);
  if (update) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return;
  }
  assert.equal(text, readFileSync(path, 'utf8'), `differs from ${path}; UPDATE_GOLDENS=1 rewrites it`);
}

function updating(): boolean {
  const { env } = process;
  return env['UPDATE_GOLDENS'] === '1';
}
