import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { projectRoot, testFiles } from '../runner.ts';

export interface SourceFile {
  /** Relative to the project's root. */
  readonly path: string;
  readonly text: string;
}

/** All sources of the project, without generated ones. */
export function sourceFiles(): SourceFile[] {
  return testFiles(['{agent,bin,images,native,proto,server,test,trees,tui}/**/*.{ts,tsx}'], ['proto/gen/**']).map(
    (file) => ({
      path: relative(projectRoot, file),
      text: readFileSync(file, 'utf8'),
    }),
  );
}

/** The module specifiers that a file imports, types too. */
export function importsOf({ text }: SourceFile): string[] {
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+'([^']+)'/gms)].map((match) => match[1] ?? '');
}

export function isTest({ path }: SourceFile): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/') || path.includes('/conformance');
}
