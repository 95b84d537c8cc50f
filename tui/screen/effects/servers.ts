import { Failure } from '../../client/failure.ts';
import { placeOf } from '../state/instance-rows.ts';
import type { LiveConnection } from './live-connection.ts';

/** The ways to the servers whose instances are shown. */
export class Servers {
  /** The one that every other screen is about. */
  readonly present: LiveConnection;
  readonly #others = new Map<string, { readonly live: LiveConnection; readonly project: string }>();

  constructor(present: LiveConnection) {
    this.present = present;
  }

  /** By its name among the remotes; empty: the present one. */
  of(remote: string): LiveConnection {
    const live = remote === '' ? this.present : this.#others.get(remote)?.live;
    if (live === undefined) throw new Failure(`The server "${remote}" is not shown any more`);
    return live;
  }

  /** The server of an instance, and what names the instance there. */
  placeOf(key: string): { readonly live: LiveConnection; readonly project: string; readonly name: string } {
    const { remote, project, name } = placeOf(key);
    return { live: this.of(remote), project, name };
  }

  /** The project to work in there; empty: the default one. */
  projectOf(remote: string): string {
    return this.#others.get(remote)?.project ?? '';
  }

  add(remote: string, live: LiveConnection, project: string): void {
    this.#others.set(remote, { live, project });
  }

  remove(remote: string): void {
    this.#others.get(remote)?.live.drop();
    this.#others.delete(remote);
  }

  drop(): void {
    this.present.drop();
    for (const remote of [...this.#others.keys()]) this.remove(remote);
  }
}
