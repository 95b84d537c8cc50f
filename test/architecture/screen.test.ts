import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { sourceFiles } from './source-files.ts';

const sources = new Map(sourceFiles().map((file) => [file.path, file.text]));

/** Everything that a file may load, at once or later, and what that loads. */
function reachable(entry: string, except: string): Set<string> {
  const found = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path) || path === except) continue;
    found.add(path);
    const specifiers = (sources.get(path) ?? '').matchAll(/(?:from\s+|import\()'([^']+)'/g);
    for (const [, specifier = ''] of specifiers) {
      waiting.push(specifier.startsWith('.') ? join(dirname(path), specifier) : specifier);
    }
  }
  return found;
}

describe('the full-screen interface', () => {
  it('is loaded by no command: React and Ink are reached through its entry alone', () => {
    const entry = 'tui/screen/start.ts';
    assert.ok(existsSync(entry));
    const commands = reachable('tui/main.ts', entry);
    assert.ok(commands.has('tui/commands/list.ts'));
    assert.deepEqual(
      [...commands].filter((path) => path === 'react' || path === 'ink' || path.startsWith('tui/screen/')),
      [],
    );
    assert.ok(reachable(entry, '').has('react'));
  });
});
