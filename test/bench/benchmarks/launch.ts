import { interleave, timed } from '../measure.ts';
import { type BenchImage, benchImages } from '../subjects/subject.ts';
import type { Benchmark } from './benchmark.ts';
import { ready } from './readiness.ts';

const defaultRounds: Readonly<Record<BenchImage, number>> = { tiny: 10, 'debian/12': 5 };

export const launch: Benchmark = {
  name: 'launch',
  doc: 'launch of an image: until the command returns, and from its start until the system is up',
  async run(subjects, rounds) {
    const rows = [];
    for (const image of benchImages) {
      const measured = interleave(subjects, rounds ?? defaultRounds[image], 'ms', async (subject, round) => {
        const instance = `launch-${round}`;
        const returned = await timed(() => subject.launch(image, instance));
        const wait = await timed(() => ready(subject, image, instance));
        await subject.command('delete', '--force', instance);
        return { [`${image} returns`]: returned, [`${image} is up`]: returned + wait };
      });
      rows.push(...(await measured));
    }
    return rows;
  },
};
