import { Fault } from '../base/fault.ts';
import { resourceOf } from './instance.ts';

/** What is being done to an instance, in the words that a message uses. */
export type Verb =
  | 'created'
  | 'started'
  | 'stopped'
  | 'restarted'
  | 'paused'
  | 'resumed'
  | 'changed'
  | 'deleted'
  | 'snapshotted'
  | 'restored'
  | 'copied'
  | 'moved'
  | 'refreshed'
  | 'renamed'
  | 'rebuilt'
  | 'exported';

/** How many other changes one waits for, before it is refused. */
const maxTurns = 64;

/** One verb at a time per instance. A second one is refused, not queued: its caller should know what is going on. */
export class InstanceLocks {
  readonly #held = new Map<string, { readonly verb: Verb; readonly released: Promise<void> }>();

  /** Fault `wrong-state` when another verb is under way. Dispose to release. */
  acquire(project: string, name: string, verb: Verb): Disposable {
    const key = `${project}/${name}`;
    const held = this.#held.get(key);
    if (held !== undefined) throw new Fault('wrong-state', `${resourceOf({ name })} is busy: it is being ${held.verb}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(key, { verb, released: promise });
    return {
      [Symbol.dispose]: () => {
        this.#held.delete(key);
        resolve();
      },
    };
  }

  /** Resolves when no verb is under way. */
  async released(project: string, name: string): Promise<void> {
    const key = `${project}/${name}`;
    for (let held = this.#held.get(key); held !== undefined; held = this.#held.get(key)) await held.released;
  }

  /** For a change of the configuration: it waits for another one, and for nothing else. Fault `wrong-state`. */
  async acquireChange(project: string, name: string): Promise<Disposable> {
    for (let turn = 1; turn <= maxTurns; turn += 1) {
      const held = this.#held.get(`${project}/${name}`);
      if (held?.verb !== 'changed') break;
      await held.released;
    }
    return this.acquire(project, name, 'changed');
  }

  current(project: string, name: string): Verb | undefined {
    return this.#held.get(`${project}/${name}`)?.verb;
  }
}
