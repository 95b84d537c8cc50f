import { interleave, timed } from '../measure.ts';
import type { Benchmark } from './benchmark.ts';

const coldRounds = 5;
const warmRounds = 30;
const parallelRounds = 5;
const parallelCount = 20;

export const exec: Benchmark = {
  name: 'exec',
  doc: '`true` in an instance: first and later commands, by command line and by one kept connection to the API',
  async run(subjects, rounds) {
    const cold = await interleave(subjects, rounds ?? coldRounds, 'ms', async (subject, round) => {
      const instance = `cold-${round}`;
      await subject.launch('tiny', instance);
      const first = await timed(() => subject.command('exec', instance, '--', 'true'));
      await subject.command('delete', '--force', instance);
      return { 'command line, first': first };
    });
    for (const subject of subjects) await subject.launch('tiny', 'warm');
    const warm = await interleave(subjects, rounds ?? warmRounds, 'ms', async (subject) => ({
      'command line': await timed(() => subject.command('exec', 'warm', '--', 'true')),
      API: await timed(() => subject.execute('warm', ['true'])),
    }));
    const parallel = await interleave(subjects, rounds ?? parallelRounds, 'ms', async (subject) => ({
      [`command line, ${parallelCount} at once`]: await timed(() =>
        Promise.all(Array.from({ length: parallelCount }, () => subject.command('exec', 'warm', '--', 'true'))),
      ),
    }));
    for (const subject of subjects) await subject.command('delete', '--force', 'warm');
    return [...cold, ...warm, ...parallel];
  },
};
