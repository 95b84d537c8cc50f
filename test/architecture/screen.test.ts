import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
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
    // Types are gone when the program runs.
    const text = (sources.get(path) ?? '').replace(/^import type [^;]*;$/gm, '');
    const specifiers = text.matchAll(/(?:from\s+|import\()'([^']+)'/g);
    for (const [, specifier = ''] of specifiers) {
      waiting.push(specifier.startsWith('.') ? join(dirname(path), specifier) : specifier);
    }
  }
  return found;
}

const ownBundles = { 'tui/screen/keyboard.ts': ['react', 'ink'], 'tui/screen/effects/panes.ts': ['@xterm/headless'] };

describe('the full-screen interface', () => {
  for (const [entry, packages] of Object.entries(ownBundles)) {
    it(`reaches ${packages.join(' and ')} through ${entry} alone: no command loads it, nor does the first frame`, () => {
      assert.ok(existsSync(entry));
      const others = reachable('tui/main.ts', entry);
      assert.ok(others.has('tui/commands/list.ts') && others.has('tui/screen/start.ts'));
      assert.deepEqual(
        [...others].filter((path) => packages.some((name) => path === name || path.startsWith(`${name}/`))),
        [],
      );
      const own = reachable(entry, '');
      assert.ok(packages.every((name) => own.has(name)));
      assert.ok(readFileSync('bin/build.ts', 'utf8').includes(`join(root, '${entry}')`), 'it is a bundle of its own');
    });
  }

  it('is loaded by no command', () => {
    const entry = 'tui/screen/start.ts';
    const commands = [...reachable('tui/main.ts', entry)].filter((path) => path !== 'tui/program.ts');
    assert.deepEqual(
      commands.filter((path) => path.startsWith('tui/screen/')),
      [],
    );
  });
});
