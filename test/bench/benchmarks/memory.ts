import { eventually } from '../../e2e/harness/eventually.ts';
import { type Figures, figuresOf, type Row } from '../measure.ts';
import type { Subject } from '../subjects/subject.ts';
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
      const idle = new Map<string, Figures>();
      for (const subject of subjects) {
        const each = [];
        for (const name of instanceNames(count)) each.push((await idleMemory(subject, name)) / bytesPerMiB);
        idle.set(subject.name, figuresOf(each));
      }
      const rows: Row[] = [
        { work: 'daemon', unit: 'MiB', figures: daemons },
        { work: 'each instance, just used', unit: 'MiB', figures: instances },
        { work: 'each instance, idle', unit: 'MiB', figures: idle },
      ];
      return rows;
    });
  },
};

/** Idle: when what comes for a while and leaves again (an agent) has left. The longest wait is that for an agent. */
async function idleMemory(subject: Subject, name: string): Promise<number> {
  return await eventually(async () => {
    const memory = await subject.instanceMemory(name);
    if (subject.hasAgent(name)) throw new Error(`the agent of ${name} does not leave`);
    return memory;
  }, 90_000);
}
