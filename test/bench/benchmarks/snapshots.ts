import { interleave, timed } from '../measure.ts';
import type { Benchmark } from './benchmark.ts';

const defaultRounds = 10;

export const snapshots: Benchmark = {
  name: 'snapshots',
  doc: 'snapshot and copy of a stopped Debian instance that has run: until the command returns',
  async run(subjects, rounds) {
    const instance = 'kept';
    for (const subject of subjects) {
      await subject.launch('debian/12', instance);
      await subject.command('stop', '--force', instance);
    }
    const rows = await interleave(subjects, rounds ?? defaultRounds, 'ms', async (subject, round) => {
      const [snapshot, copy] = [`s${round}`, `copy-${round}`];
      const taken = await timed(() => subject.command('snapshot', instance, snapshot));
      const copied = await timed(() => subject.command('copy', `${instance}/${snapshot}`, copy));
      await subject.command('delete', '--force', copy);
      return { snapshot: taken, 'copy of a snapshot': copied };
    });
    for (const subject of subjects) await subject.command('delete', '--force', instance);
    return rows;
  },
};
