import { figuresOf, type Row } from '../measure.ts';
import { bareStartMs, firstFrameMs, measureScreen, SimulatedServer } from '../screen/measure-screen.ts';
import type { Benchmark } from './benchmark.ts';

const startRounds = 10;
const keys = 100;
const sizes = [
  { columns: 80, rows: 24 },
  { columns: 300, rows: 80 },
] as const;

/** Measured with a simulated server behind the real API: a thousand instances are none that one machine starts. */
export const screen: Benchmark = {
  name: 'screen',
  doc: 'the full-screen interface: first frame with instances, key to frame, memory',
  async run(subjects, rounds = startRounds) {
    if (!subjects.some(({ name }) => name === 'yurt')) return [];
    const rows: Row[] = [];
    const add = (work: string, unit: Row['unit'], samples: readonly number[]) =>
      rows.push({ work, unit, figures: new Map([['yurt', figuresOf(samples)]]) });
    for (const count of [10, 1000]) {
      await using server = await SimulatedServer.start(count);
      const frames: number[] = [];
      const bare: number[] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const [start, frame] = [await bareStartMs(), await firstFrameMs(server.socket)];
        if (round === 0) continue;
        bare.push(start);
        frames.push(frame);
      }
      add(`first frame, ${count} instances`, 'ms', frames);
      add('Node alone', 'ms', bare);
      if (count < keys) continue; // the cursor would come to the end
      for (const size of sizes) {
        const { keyMs, residentMiB } = await measureScreen(server.socket, size, keys);
        const where = `${count} instances, ${size.columns}x${size.rows}`;
        add(`key to frame, ${where}`, 'ms', keyMs);
        add(`memory, ${where}`, 'MiB', [residentMiB]);
      }
    }
    return rows;
  },
};
