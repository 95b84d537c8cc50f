import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interleave, timed } from '../measure.ts';
import type { Benchmark } from './benchmark.ts';

const rounds = 5;
const largeBytes = 100 * 1024 * 1024;
const smallFiles = 500;
const smallBytes = 2_000;

export const files: Benchmark = {
  name: 'files',
  doc: 'files into and out of a running instance: one of 100 MiB, and a directory of 500 small ones',
  async run(subjects, asked) {
    const here = mkdtempSync(join(tmpdir(), 'yurt-bench-files-'));
    const at = (...parts: string[]) => join(here, ...parts);
    try {
      writeFileSync(at('large'), randomBytes(largeBytes));
      mkdirSync(at('small'));
      for (let file = 0; file < smallFiles; file += 1) writeFileSync(at('small', `f${file}`), randomBytes(smallBytes));
      for (const subject of subjects) await subject.launch('tiny', 'files');
      const rows = await interleave(subjects, asked ?? rounds, 'ms', async (subject, round) => {
        const out = at(`out-${subject.name}-${round}`);
        mkdirSync(out);
        const command = (...args: string[]) => timed(() => subject.command('file', ...args));
        const measured = {
          'push of 100 MiB': await command('push', at('large'), `files/root/large-${round}`),
          'pull of 100 MiB': await command('pull', `files/root/large-${round}`, join(out, 'large')),
          'push of 500 files': await command('push', '-p', '-r', at('small'), `files/root/tree-${round}/`),
          'pull of 500 files': await command('pull', '-r', `files/root/tree-${round}/small`, out),
        };
        rmSync(out, { recursive: true });
        await subject.command('exec', 'files', '--', 'rm', '-rf', `/root/large-${round}`, `/root/tree-${round}`);
        return measured;
      });
      for (const subject of subjects) await subject.command('delete', '--force', 'files');
      return rows;
    } finally {
      rmSync(here, { recursive: true, force: true });
    }
  },
};
