import { type Figures, figuresOf, type Row } from '../measure.ts';
import type { Benchmark } from './benchmark.ts';
import { instanceNames, withInstances } from './with-instances.ts';

const count = 10;
const bytesPerMiB = 1024 ** 2;

export const memory: Benchmark = {
  name: 'memory',
  doc: `memory (PSS) with ${count} running instances: of the daemon, and outside of each instance for it`,
  async run(subjects) {
    return await withInstances(subjects, count, async () => {
      const daemons = new Map<string, Figures>();
      const instances = new Map<string, Figures>();
      for (const subject of subjects) {
        const each = [];
        for (const name of instanceNames(count)) each.push((await subject.instanceMemory(name)) / bytesPerMiB);
        instances.set(subject.name, figuresOf(each));
        daemons.set(subject.name, figuresOf([(await subject.daemonMemory()) / bytesPerMiB]));
      }
      const rows: Row[] = [
        { work: 'daemon', unit: 'MiB', figures: daemons },
        { work: 'each instance', unit: 'MiB', figures: instances },
      ];
      return rows;
    });
  },
};
