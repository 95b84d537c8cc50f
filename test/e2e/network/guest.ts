import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, runChecked } from '../../../server/host/run.ts';
import type { NicRequest, PreparedNic } from '../../../server/networks/contract.ts';
import { stableHwaddr } from '../../../server/networks/hwaddr.ts';
import { eventually } from '../harness/eventually.ts';
import type { NetworkServer } from './network-server.ts';

/** What an instance is to a network: a process with a network namespace, a DHCP client and a resolver. */
export class Guest implements AsyncDisposable {
  readonly nic: NicRequest;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #script: string;

  private constructor(name: string, child: ChildProcess, script: string) {
    const instanceId = randomUUID();
    this.nic = { instanceId, instanceName: name, name: 'eth0', hwaddr: stableHwaddr(instanceId, 'eth0') };
    this.pid = child.pid ?? 0;
    this.#child = child;
    this.#script = script;
  }

  /** `directory` holds the script of the DHCP client. */
  static async boot(name: string, directory: string): Promise<Guest> {
    const script = join(directory, `dhcp-${name}`);
    writeFileSync(script, dhcpScript, { mode: 0o755 });
    const child = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    const guest = new Guest(name, child, script);
    await eventually(() => {
      assert.match(readFileSync(`/proc/${guest.pid}/cmdline`, 'utf8'), /^sleep/);
      assert.notEqual(readlinkSync(`/proc/${guest.pid}/ns/net`), readlinkSync('/proc/self/ns/net'));
    });
    await guest.in('ip', 'link', 'set', 'lo', 'up');
    return guest;
  }

  /** Attaches the nic and brings it up; returns what the network reserved and how long that took in the server. */
  async plug(server: NetworkServer): Promise<{ prepared: PreparedNic; tookMs: number }> {
    const prepared = (await server.ask({ method: 'attach', nic: this.nic })) as PreparedNic; // what attach returns
    const attachMs = server.tookMs;
    await server.ask({ method: 'enter', nic: this.nic, prepared, pid: this.pid });
    const tookMs = attachMs + server.tookMs;
    await this.in('ip', 'link', 'set', 'dev', 'eth0', 'up');
    return { prepared, tookMs };
  }

  /** Asks for an address once; returns it. Further options are for udhcpc. */
  async dhcp(...options: string[]): Promise<string> {
    const client = ['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '5', '-s', this.#script, ...options];
    const { stdout } = await this.in(...client);
    return /bound (\S+)/.exec(stdout)?.[1] ?? assert.fail(stdout);
  }

  /** Runs a program in the guest's network. */
  async in(...argv: string[]) {
    return await runChecked(run, ['nsenter', `--net=/proc/${this.pid}/ns/net`, ...argv]);
  }

  /** One DNS question to `server`, answers sorted; the code of the error as `!CODE`. */
  async resolve(server: string, name: string, type: 'A' | 'AAAA' | 'PTR'): Promise<string[]> {
    const script = join(import.meta.dirname, 'resolve.ts');
    const { stdout } = await this.in(process.execPath, script, server, name, type);
    return JSON.parse(stdout) as string[]; // written by resolve.ts
  }

  async ping(address: string): Promise<void> {
    await this.in('busybox', 'ping', '-c', '1', '-W', '2', address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}

const dhcpScript = `#!/bin/busybox sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
/bin/busybox ip address add "$ip/$mask" dev "$interface" 2>/dev/null
/bin/busybox ip route replace default via "$router"
echo "bound $ip router $router dns $dns domain $domain"
`;
