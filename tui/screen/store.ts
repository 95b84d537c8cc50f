import type { Action } from './state/action.ts';
import type { Effect } from './state/effect.ts';
import type { State } from './state/state.ts';
import { update } from './state/update.ts';

/** Changes that do not come from the keyboard are shown this much later at most. */
const gatherMs = 16;

/** The state as it is now, who wants to know of its changes, and who carries out what it asks for. */
export class Store {
  #state: State;
  readonly #watchers = new Set<() => void>();
  #perform: (effect: Effect) => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(state: State) {
    this.#state = state;
  }

  /** Each effect from now on goes to `perform`, which must not throw. */
  onEffect(perform: (effect: Effect) => void): void {
    this.#perform = perform;
  }

  readonly state = (): State => this.#state;

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly dispatch = (action: Action): void => {
    const { state, effects } = update(this.#state, action);
    if (state !== this.#state) {
      this.#state = state;
      // Keys are answered at once; what the server tells may come in hundreds, and is shown together.
      if (action.type === 'key' || action.type === 'paste' || action.type === 'resize') this.#tell();
      else this.#timer ??= setTimeout(() => this.#tell(), gatherMs);
    }
    for (const effect of effects) this.#perform(effect);
  };

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
