import { randomBytes } from 'node:crypto';
import { run, runChecked } from '../../../server/host/run.ts';
import { eventually } from './eventually.ts';

/** A network namespace without an uplink: nothing that runs in it can send a packet off this machine. */
export class NetworkNamespace implements AsyncDisposable {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async create(): Promise<NetworkNamespace> {
    const name = `yurt-e2e-${randomBytes(3).toString('hex')}`;
    await runChecked(run, ['ip', 'netns', 'add', name]);
    const namespace = new NetworkNamespace(name);
    await runChecked(run, namespace.enter(['ip', 'link', 'set', 'lo', 'up']));
    return namespace;
  }

  /** The command that runs `argv` inside. Not `ip netns exec`: that hides the cgroup mounts. */
  enter(argv: readonly string[]): string[] {
    return ['nsenter', `--net=/run/netns/${this.name}`, '--', ...argv];
  }

  /** Joins two with a cable between them, whose ends have these addresses: `10.77.0.1/24`. */
  static async join(
    one: NetworkNamespace,
    other: NetworkNamespace,
    addresses: readonly [string, string],
  ): Promise<void> {
    const link = `cable${randomBytes(3).toString('hex')}`;
    const ends = [
      [one, addresses[0]],
      [other, addresses[1]],
    ] as const;
    await runChecked(run, [
      ...['ip', 'link', 'add', link, 'netns', one.name, 'type', 'veth'],
      ...['peer', 'name', link, 'netns', other.name],
    ]);
    for (const [namespace, address] of ends) {
      await runChecked(run, namespace.enter(['ip', 'address', 'add', address, 'dev', link]));
      await runChecked(run, namespace.enter(['ip', 'link', 'set', link, 'up']));
    }
    // The kernel tells programs a moment later that a link is there: until then it is not among their interfaces.
    for (const [namespace] of ends) await eventually(async () => await namespace.#checkUp(link));
  }

  async #checkUp(link: string): Promise<void> {
    const { stdout } = await runChecked(run, this.enter(['ip', '-j', 'link', 'show', link]));
    const [{ operstate = '' } = {}] = JSON.parse(stdout) as { operstate?: string }[];
    if (operstate !== 'UP') throw new Error(`${link} is ${operstate}`);
  }

  /** Cuts all cables that it was joined by, or mends them. Nobody is told: packets are lost. */
  async setCables(state: 'cut' | 'whole'): Promise<void> {
    const { stdout } = await runChecked(run, this.enter(['ip', '-j', 'link']));
    const links = JSON.parse(stdout) as { ifname: string }[];
    for (const { ifname } of links.filter(({ ifname: name }) => name.startsWith('cable'))) {
      await runChecked(run, this.enter(['ip', 'link', 'set', ifname, state === 'cut' ? 'down' : 'up']));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runChecked(run, ['ip', 'netns', 'delete', this.name]);
  }
}
