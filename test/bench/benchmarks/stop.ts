import { interleave, timed } from '../measure.ts';
import type { Benchmark } from './benchmark.ts';
import { ready } from './readiness.ts';

const defaultRounds = 7;
const cleanRounds = 3;

export const stop: Benchmark = {
  name: 'stop',
  doc: 'start, restart and stop of an instance that exists',
  async run(subjects, rounds) {
    for (const subject of subjects) await subject.launch('tiny', 'stop');
    const forced = await interleave(subjects, rounds ?? defaultRounds, 'ms', async (subject) => ({
      'tiny, restart --force': await timed(() => subject.command('restart', '--force', 'stop')),
      'tiny, stop --force': await timed(() => subject.command('stop', '--force', 'stop')),
      'tiny, start': await timed(() => subject.command('start', 'stop')),
    }));
    for (const subject of subjects) await subject.command('delete', '--force', 'stop');
    for (const subject of subjects) await subject.launch('debian/12', 'stop');
    const clean = await interleave(subjects, rounds ?? cleanRounds, 'ms', async (subject, round) => {
      if (round > 0) await subject.command('start', 'stop');
      await ready(subject, 'debian/12', 'stop');
      return { 'debian/12, stop': await timed(() => subject.command('stop', 'stop')) };
    });
    for (const subject of subjects) await subject.command('delete', '--force', 'stop');
    return [...forced, ...clean];
  },
};
