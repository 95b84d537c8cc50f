import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTest, sourceFiles } from './source-files.ts';

const maxFileLines = 600;
const maxFunctionLines = 70;

/** The longest function of a formatted file: from a line that opens one to the line that closes it at its indent. */
function longestFunction(text: string): number {
  const lines = text.split('\n');
  let longest = 0;
  for (const [start, line] of lines.entries()) {
    const opened = /^(\s*)(?:export |async |static |private |get |set |#)*(?:function\b|[\w#*]+\().*\{$/.exec(line);
    if (opened === null || /^\s*(?:if|for|while|switch|describe|it|test)\b/.test(line)) continue;
    const end = lines.indexOf(`${opened[1]}}`, start);
    if (end > 0) longest = Math.max(longest, end - start + 1);
  }
  return longest;
}

describe('sizes', () => {
  it(`of files stay under ${maxFileLines} lines`, () => {
    const long = sourceFiles().filter(({ text }) => text.split('\n').length > maxFileLines);
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    );
  });

  it(`of functions stay under ${maxFunctionLines} lines`, () => {
    const long = sourceFiles()
      .filter((file) => !isTest(file))
      .map(({ path, text }) => ({ path, lines: longestFunction(text) }))
      .filter(({ lines }) => lines > maxFunctionLines);
    assert.deepEqual(long, []);
  });
});
