import { interleave, timed } from '../measure.ts';
import type { Benchmark } from './benchmark.ts';
import { withInstances } from './with-instances.ts';

const counts = [1, 30];
const defaultRounds = 15;

export const list: Benchmark = {
  name: 'list',
  doc: '`list` with its default columns, by the number of running instances',
  async run(subjects, rounds) {
    const rows = [];
    for (const count of counts) {
      const measured = withInstances(subjects, count, () =>
        interleave(subjects, rounds ?? defaultRounds, 'ms', async (subject) => ({
          [`${count} running`]: await timed(() => subject.command('list')),
        })),
      );
      rows.push(...(await measured));
    }
    return rows;
  },
};
