import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot, testFiles } from '../runner.ts';

/** A link of Markdown to a file of this project, without the place in it. */
const fileLink = /\]\((?![a-z]+:)([^)#\s]+)(?:#[^)]*)?\)/g;

describe('the pages of the project', () => {
  it('link to files that are there', () => {
    const dead: string[] = [];
    for (const page of testFiles(['*.md', '{agent,bin,docs,images,native,proto,server,test,trees,tui}/**/*.md'])) {
      for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(fileLink)) {
        if (!existsSync(join(dirname(page), target))) dead.push(`${relative(projectRoot, page)}: ${target}`);
      }
    }
    assert.deepEqual(dead, []);
  });
});
