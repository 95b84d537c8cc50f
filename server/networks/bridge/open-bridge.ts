import { join } from 'node:path';
import type { Log } from '../../base/log.ts';
import { probeAddress } from '../../host/address-probe.ts';
import { NftFirewall } from '../../host/firewall.ts';
import { TokenBuckets } from '../../host/link-rates.ts';
import { IpLinks } from '../../host/links.ts';
import { ProcProcesses } from '../../host/processes.ts';
import type { Run } from '../../host/run.ts';
import { serviceAccount } from '../../host/service-account.ts';
import { ProcSysctls } from '../../host/sysctls.ts';
import type { NetworkRecord } from '../network.ts';
import { Dnsmasq, dnsmasqFiles } from './dnsmasq.ts';
import { BridgeDriver } from './driver.ts';
import { pruneLeases } from './lease-file.ts';

export interface OpenBridgeOptions {
  readonly run: Run;
  readonly log: Log;
  readonly daemonId: string;
  /** Of all networks, see `networkDirectory`; each gets a directory of its name in it. */
  readonly directory: string;
  /** How often dnsmasq is looked at, in milliseconds. Default 1000. */
  readonly watchMs?: number;
}

/** dnsmasq's own user where the distribution makes one. */
const accounts = ['dnsmasq', 'nobody'];

/** The driver of a managed bridge on the real host. */
export function openBridge(record: NetworkRecord, options: OpenBridgeOptions): BridgeDriver {
  const { run } = options;
  const directory = join(options.directory, record.name);
  const log = options.log.child({ network: record.name });
  return new BridgeDriver({
    record,
    daemonId: options.daemonId,
    directory,
    links: new IpLinks(run),
    firewall: new NftFirewall(run),
    nicFirewall: new NftFirewall(run, 'netdev'),
    rates: new TokenBuckets(run),
    sysctls: new ProcSysctls(),
    probe: probeAddress,
    account: () => serviceAccount(accounts),
    log,
    nameServer: (knownHwaddrs) =>
      new Dnsmasq({
        directory,
        run,
        processes: new ProcProcesses(),
        log,
        beforeStart: async () => pruneLeases(dnsmasqFiles(directory).leaseFile, await knownHwaddrs()),
        ...(options.watchMs === undefined ? {} : { watchMs: options.watchMs }),
      }),
  });
}
