import { Fault } from '../base/fault.ts';
import type { Run, RunOptions, RunResult } from './run.ts';

/** Where the programs of the network come from: the package has this name on Debian, Fedora, Arch and SUSE unless noted. */
const packages = {
  ip: 'iproute2',
  tc: 'iproute2 (iproute-tc on Fedora)',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base (dnsmasq outside Debian)',
} as const;

/** Runs one of the network's programs; a missing one is `unsupported` and names the package that has it. */
export async function runProgram(
  run: Run,
  argv: readonly [keyof typeof packages, ...string[]],
  options?: RunOptions,
): Promise<RunResult> {
  try {
    return await run(argv, options);
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'unsupported')) throw error;
    throw new Fault('unsupported', `${argv[0]} is not installed: install the package ${packages[argv[0]]}`, {
      cause: error,
    });
  }
}
