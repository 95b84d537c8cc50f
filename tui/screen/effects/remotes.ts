import { Connection } from '../../client/connection.ts';
import type { Dialer } from '../../client/dialer.ts';
import type { Store } from '../store.ts';
import { EventFollower } from './event-follower.ts';
import { InstanceList } from './instance-list.ts';
import { LiveConnection, reasonOf } from './live-connection.ts';
import { OperationList } from './operation-list.ts';
import type { Servers } from './servers.ts';

/** The servers that there are besides the present one. */
export interface Elsewhere {
  /** Their names among the remotes. */
  readonly names: readonly string[];
  /** The project to work in there; empty: the default one. */
  projectOf(remote: string): string;
  way(remote: string): Promise<Dialer>;
  /** Copies an image from one server to another, unless that has it. Resolves to its fingerprint. */
  copyImage(copy: ImageCopy): Promise<string>;
}

export interface ImageCopy {
  readonly from: string;
  readonly image: string;
  readonly to: string;
  /** Of the server that it is copied to; empty: the default one. */
  readonly project: string;
}

interface Followed {
  readonly list: InstanceList;
  readonly operations: OperationList;
  readonly events: EventFollower;
}

/**
 * Shows the instances of other servers besides those of the present one. Each has a connection and a stream of events of
 * its own: one that is down, or slow, is so for itself.
 */
export class Remotes {
  readonly #servers: Servers;
  readonly #store: Store;
  readonly #elsewhere: Elsewhere;
  readonly #followed = new Map<string, Followed>();

  constructor(servers: Servers, store: Store, elsewhere: Elsewhere) {
    this.#servers = servers;
    this.#store = store;
    this.#elsewhere = elsewhere;
  }

  follow(wanted: boolean): void {
    const names = wanted ? this.#elsewhere.names : [];
    if (wanted && names.length === 0) {
      const text = 'There is no other server: "yurt remote add" adds one';
      this.#store.dispatch({ type: 'notice', kind: 'info', text });
    }
    this.stop();
    this.#store.dispatch({ type: 'others', remotes: names });
    for (const remote of names) void this.#begin(remote);
  }

  /** Their lists, anew. */
  async readAll(): Promise<void> {
    const followed = [...this.#followed.values()];
    await Promise.all(followed.flatMap(({ list, operations }) => [list.readAll(), operations.readAll()]));
  }

  /** Figures of what runs there. Does not wait: a silent server would hold up the others. */
  poll(): void {
    const { others } = this.#store.state();
    for (const [remote, { list }] of this.#followed) {
      if (others.get(remote)?.kind === 'connected') void list.poll();
    }
  }

  stop(): void {
    for (const [remote, { list, operations, events }] of this.#followed) {
      list.stop();
      operations.stop();
      events.stop();
      this.#servers.remove(remote);
    }
    this.#followed.clear();
  }

  async #begin(remote: string): Promise<void> {
    try {
      const dialer = await this.#elsewhere.way(remote);
      if (!this.#store.state().others.has(remote) || this.#followed.has(remote)) return;
      const live = new LiveConnection(() => new Connection(dialer), remote);
      this.#servers.add(remote, live, this.#elsewhere.projectOf(remote));
      const project = () => this.#elsewhere.projectOf(remote);
      const list = new InstanceList(live, this.#store, remote, project);
      const operations = new OperationList(live, this.#store, project);
      const events = new EventFollower(live, this.#store, [list, operations], remote);
      this.#followed.set(remote, { list, operations, events });
      void events.run();
    } catch (error) {
      this.#store.dispatch({ type: 'link', remote, link: { kind: 'lost', reason: reasonOf(error) } });
    }
  }
}
