import { paint } from './frame/paint.ts';
import { type ColourDepth, themeOf } from './frame/theme.ts';
import type { State } from './state/state.ts';
import type { Store } from './store.ts';
import { frameLines } from './views/frame.ts';

/** The shortest time between two frames: keys may come in hundreds at once. */
const frameMs = 16;

/** DEC private mode 2026: what stands between is shown at once. Terminals that know nothing of it ignore it. */
const begin = '\x1b[?2026h';
const end = '\x1b[?2026l';

/** A state as rows of text with the terminal's own codes: what is on the screen follows from it alone. */
export function rowsOf(state: State, depth: ColourDepth): readonly string[] {
  const theme = themeOf(state.theme, depth);
  return frameLines(state).map((one) => paint(one, theme, state.theme === 'plain' ? 0 : depth));
}

/**
 * Keeps a terminal as the state is. Only rows that have changed are written, each as a whole: a cursor that moves over a
 * list costs two. Between two frames the terminal's cursor is at the top left, where nothing that is printed scrolls.
 */
export class Drawing {
  readonly #store: Pick<Store, 'state' | 'subscribe'>;
  readonly #depth: ColourDepth;
  readonly #write: (text: string) => void;
  #shown: readonly string[] = [];
  #drawnAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isHeld = true;
  #isStopped = false;
  #unsubscribe: () => void = () => {};

  constructor(store: Pick<Store, 'state' | 'subscribe'>, depth: ColourDepth, write: (text: string) => void) {
    this.#store = store;
    this.#depth = depth;
    this.#write = write;
  }

  start(): void {
    this.#unsubscribe = this.#store.subscribe(() => this.#changed());
    this.release();
  }

  /** For good: what is given back after that is not drawn upon. */
  stop(): void {
    this.#isStopped = true;
    this.hold();
    this.#unsubscribe();
  }

  /** Somebody else has the terminal from now on. */
  hold(): void {
    this.#isHeld = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** It is the screen's again. */
  release(): void {
    this.#isHeld = this.#isStopped;
    this.redraw();
  }

  /** All of it, whatever somebody else has written meanwhile. */
  redraw(): void {
    if (this.#isHeld) return;
    this.#shown = [];
    this.#draw();
  }

  #changed(): void {
    if (this.#isHeld || this.#timer !== undefined) return;
    const wait = this.#drawnAt + frameMs - performance.now();
    if (wait <= 0) this.#draw();
    else this.#timer = setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnAt = performance.now();
    const rows = rowsOf(this.#store.state(), this.#depth);
    // Rows of another size were broken anew by the terminal: none of them is what it was.
    const before = rows.length === this.#shown.length ? this.#shown : [];
    this.#shown = rows;
    const changes = rows.map((row, index) => (row === before[index] ? '' : written(row, index))).join('');
    if (changes === '') return;
    this.#write(`${begin}${before.length === 0 ? '\x1b[2J' : ''}${changes}\x1b[H${end}`);
  }
}

/** A row at its place. What is blank at its end is erased: to be written it would take most of the time. */
function written(row: string, index: number): string {
  const text = row.trimEnd();
  // At the last column the terminal waits before it wraps: erasing there would take the last character.
  return `\x1b[${index + 1};1H${text}${text.length < row.length ? '\x1b[K' : ''}`;
}
