import { interleave, timed } from '../measure.ts';
import type { Benchmark } from './benchmark.ts';

const defaultRounds = 10;

export const snapshots: Benchmark = {
  name: 'snapshots',
  doc: 'snapshot and copy of a stopped Debian instance that has run, by command line and by one kept connection to the API',
  async run(subjects, rounds) {
    const instance = 'kept';
    for (const subject of subjects) {
      await subject.launch('debian/12', instance);
      await subject.command('stop', '--force', instance);
    }
    const rows = await interleave(subjects, rounds ?? defaultRounds, 'ms', async (subject, round) => {
      const [snapshot, copy] = [`s${round}`, `copy-${round}`];
      const figures = {
        'command line, snapshot': await timed(() => subject.command('snapshot', instance, snapshot)),
        'command line, copy of a snapshot': await timed(() => subject.command('copy', `${instance}/${snapshot}`, copy)),
        'API, snapshot': await timed(() => subject.snapshot(instance, `${snapshot}-api`)),
        'API, copy': await timed(() => subject.copy(instance, `${copy}-api`)),
      };
      for (const name of [copy, `${copy}-api`]) await subject.command('delete', '--force', name);
      return figures;
    });
    for (const subject of subjects) await subject.command('delete', '--force', instance);
    return rows;
  },
};
