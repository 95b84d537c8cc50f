import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Run, run, runChecked } from '../../../server/host/run.ts';
import { type NetworkRecord, newNetwork } from '../../../server/networks/network.ts';
import { NetworkNamespace } from '../harness/network-namespace.ts';
import { Guest } from './guest.ts';
import { NetworkServer } from './network-server.ts';

/** A host of its own for a test: a network namespace without an uplink, and a directory. */
export class World implements AsyncDisposable {
  readonly namespace: NetworkNamespace;
  readonly directory: string;
  readonly record: NetworkRecord;
  readonly #daemonId = randomBytes(4).toString('hex');
  readonly #parts: AsyncDisposable[] = [];

  private constructor(namespace: NetworkNamespace, config: Readonly<Record<string, string>>) {
    this.namespace = namespace;
    this.directory = mkdtempSync(join(tmpdir(), 'yurt-network-'));
    chmodSync(this.directory, 0o755); // dnsmasq is not root
    this.record = newNetwork({ name: 'yurtbr0', config }, []);
  }

  static async create(config: Readonly<Record<string, string>> = {}): Promise<World> {
    return new World(await NetworkNamespace.create(), config);
  }

  /** The address of the bridge, where DNS answers. */
  get gateway(): string {
    return this.record.config['ipv4.address']?.split('/')[0] ?? '';
  }

  /** Starts a server that finds what earlier ones left. */
  server(options: { killAfter?: number } = {}): NetworkServer {
    const { record, directory } = this;
    const place = { record, directory: join(directory, 'networks'), daemonId: this.#daemonId };
    const server = new NetworkServer(this.namespace, { ...place, ...options });
    this.#parts.push(server);
    return server;
  }

  async guest(name: string): Promise<Guest> {
    const guest = await Guest.boot(name, this.directory);
    this.#parts.push(guest);
    return guest;
  }

  /** `run`, inside the namespace. */
  readonly run: Run = (argv, options) => run(this.namespace.enter(argv), options);

  async links(): Promise<string[]> {
    const { stdout } = await runChecked(this.run, ['ip', '-j', 'link', 'show']);
    return (JSON.parse(stdout) as { ifname: string }[]).map(({ ifname }) => ifname); // ip's JSON
  }

  /** All that `up` could change, in one text: links without counters of time, addresses, rules with their handles. */
  async state(): Promise<string> {
    const ip = await runChecked(this.run, ['ip', '-j', 'address', 'show']);
    const nft = await runChecked(this.run, ['nft', '-a', 'list', 'ruleset']);
    return `${ip.stdout}\n${nft.stdout}\n${this.dnsmasqs().join()}`;
  }

  /** Pids of the dnsmasq processes that serve this world, none that a dead one left. */
  dnsmasqs(): number[] {
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => commandLine(pid).includes(`--conf-file=${this.directory}/`))
      .map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.reverse()) await part[Symbol.asyncDispose]();
    for (const pid of this.dnsmasqs()) process.kill(pid, 'SIGKILL');
    await this.namespace[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
