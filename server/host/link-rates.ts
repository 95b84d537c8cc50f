import { Fault } from '../base/fault.ts';
import { linkName } from './links.ts';
import { runProgram } from './programs.ts';
import { failed, type Run } from './run.ts';

/** How fast links of the server's own network namespace may send. */
export interface LinkRates {
  /** At most so many bits per second; undefined for as fast as it can. Faults: `unsupported`, `internal`. */
  limit(link: string, bitsPerSecond: number | undefined): Promise<void>;
}

/** Packets wait for at most so long before they are dropped. */
const latencyMs = 50;
/** The bucket holds what passes in this time, so that timers need not be finer than the kernel's slowest (HZ=100). */
const burstSeconds = 0.02;
/** And the largest packet that the stack hands down at once: a smaller bucket would never let one pass. */
const leastBurstBytes = 65_536;

/** Through the token bucket of tc-tbf(8). */
export class TokenBuckets implements LinkRates {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async limit(link: string, bitsPerSecond: number | undefined): Promise<void> {
    const name = linkName(link);
    if (bitsPerSecond === undefined) {
      const result = await runProgram(this.#run, ['tc', 'qdisc', 'delete', 'dev', name, 'root']);
      // A link without one has the default, which cannot be deleted: "Cannot delete qdisc with handle of zero".
      if (result.exitCode !== 0 && !result.stderr.includes('handle of zero')) throw failed(result);
      return;
    }
    const burst = Math.max(leastBurstBytes, Math.ceil((bitsPerSecond / 8) * burstSeconds));
    const bucket = ['rate', `${bitsPerSecond}bit`, 'burst', `${burst}b`, 'latency', `${latencyMs}ms`];
    const result = await runProgram(this.#run, ['tc', 'qdisc', 'replace', 'dev', name, 'root', 'tbf', ...bucket]);
    if (result.exitCode === 0) return;
    const fault = failed(result);
    if (!result.stderr.includes('Specified qdisc kind is unknown')) throw fault;
    throw new Fault('unsupported', 'The kernel cannot limit how fast a link sends (CONFIG_NET_SCH_TBF)', {
      cause: fault,
    });
  }
}
