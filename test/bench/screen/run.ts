/** `bin/node test/bench/screen/run.ts [COUNT]`: the full-screen interface measured with a simulated server. */
import { measureScreen, quantile, SimulatedServer } from './measure-screen.ts';

const count = Number(process.argv[2] ?? 1000);
await using server = await SimulatedServer.start(count);
for (const size of [
  { columns: 80, rows: 24 },
  { columns: 300, rows: 80 },
]) {
  for (let round = 0; round < 3; round += 1) {
    const { firstFrameMs, keyMs, residentMiB } = await measureScreen(server.socket, size, 100);
    const [half, most] = [quantile(keyMs, 0.5), quantile(keyMs, 0.95)];
    console.log(
      `${count} instances ${size.columns}x${size.rows}: first frame ${firstFrameMs.toFixed(0)} ms, key to frame ` +
        `${half.toFixed(1)} ms (median) ${most.toFixed(1)} ms (95 %), ${residentMiB.toFixed(0)} MiB`,
    );
  }
}
