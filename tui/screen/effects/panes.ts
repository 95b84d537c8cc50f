import headless, { type Terminal } from '@xterm/headless';
import type { ExecRequest } from '../../../proto/gen/yurt/v1/ExecRequest.ts';
import { nameOf } from '../state/batches.ts';
import { maxPanes, paneSize } from '../state/panes.ts';
import { type Size, shownPage } from '../state/state.ts';
import type { Store } from '../store.ts';
import type { KeySource } from '../terminal/key-source.ts';
import { reasonOf } from './live-connection.ts';
import { PaneInput } from './pane-input.ts';
import type { Servers } from './servers.ts';
import { allTerminalLines, terminalLines } from './terminal-lines.ts';

const leaveByte = 0x1d; // ctrl+]

/** What xterm sends for shift and page up: terminals scroll back by it. */
const lookBackKeys = '\x1b[5;2~';

/** Lines that a pane keeps of what has left its screen. */
const scrollback = 5000;

/** A pane is drawn this often at most, however much its instance prints. */
const drawMs = 30;

/** What a pane keeps is read anew this often at most, while somebody follows it. */
const readMs = 300;

/** A login shell of root, by whichever program the instance has for it. */
const shell = ['/bin/sh', '-c', 'command -v su >/dev/null && exec su -l; exec /bin/sh -l'];

interface Session {
  readonly id: number;
  readonly key: string;
  readonly terminal: Terminal;
  readonly send: (message: ExecRequest) => void;
  readonly input: PaneInput;
  readonly close: () => void;
  size: Size;
  timer: NodeJS.Timeout | undefined;
  readTimer: NodeJS.Timeout | undefined;
}

/** Shells in panes: each a terminal of its own, whose screen becomes a part of the frame and nothing else. */
export class Panes {
  readonly #servers: Servers;
  readonly #store: Store;
  readonly #keys: KeySource;
  readonly #sessions = new Map<number, Session>();
  #last = 0;
  #diverted: Disposable | undefined;

  constructor(servers: Servers, store: Store, keys: KeySource) {
    this.#servers = servers;
    this.#store = store;
    this.#keys = keys;
    store.subscribe(() => this.#fit());
  }

  /** Opens a pane for each that has none yet, and types into these. */
  open(keys: readonly string[]): void {
    const { panes } = this.#store.state();
    const missing = keys.filter((key) => !panes.some((pane) => pane.key === key));
    if (this.#sessions.size + missing.length > maxPanes) {
      this.#store.dispatch({ type: 'notice', kind: 'bad', text: `There is room for ${maxPanes} panes at most` });
    }
    const ids = keys.flatMap((key) => {
      const present = panes.find((pane) => pane.key === key);
      if (present !== undefined) return [present.id];
      return this.#sessions.size < maxPanes ? [this.#begin(key)] : [];
    });
    this.type(ids);
  }

  /** What is typed from now on goes to these panes, until ctrl+]. */
  type(ids: readonly number[]): void {
    this.#diverted?.[Symbol.dispose]();
    this.#diverted = undefined;
    if (ids.length > 0) {
      const diverted = this.#keys.divert();
      this.#diverted = diverted;
      diverted.keys.on('data', (chunk: Buffer) => this.#typed(chunk));
    }
    this.#store.dispatch({ type: 'panes-typing', ids });
    for (const session of this.#sessions.values()) this.#draw(session);
  }

  /** Shows all that the terminal of a pane keeps. */
  read(id: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#store.dispatch({ type: 'pane-read', id, key: session.key, lines: allTerminalLines(session.terminal) });
  }

  close(ids: readonly number[]): void {
    for (const session of [...this.#sessions.values()]) if (ids.includes(session.id)) this.#end(session);
  }

  closeAll(): void {
    this.close([...this.#sessions.keys()]);
  }

  #begin(key: string): number {
    this.#last += 1;
    const id = this.#last;
    this.#store.dispatch({ type: 'pane-opened', id, key });
    const size = paneSize(this.#store.state(), id) ?? { columns: 80, rows: 12 };
    const { live, project, name: instance } = this.#servers.placeOf(key);
    const call = live.present.duplex('ExecService', 'Exec');
    const terminal = new headless.Terminal({ cols: size.columns, rows: size.rows, scrollback, allowProposedApi: true });
    const send = (message: ExecRequest) => void call.send(message);
    const input = new PaneInput(call);
    const session: Session = {
      id,
      key,
      terminal,
      send,
      input,
      close: () => call.cancel(),
      size,
      timer: undefined,
      readTimer: undefined,
    };
    this.#sessions.set(id, session);
    send({
      start: { instance, project, command: shell, environment: { TERM: 'xterm-256color' }, terminal: true, size },
    });
    // What the program in it asks its terminal is answered by that terminal, not by the one around it.
    terminal.onData((data) => void input.type(Buffer.from(data)));
    void this.#follow(session, call.messages);
    return id;
  }

  async #follow(
    session: Session,
    messages: AsyncIterable<{ readonly stdout?: Buffer; readonly exit?: { readonly message: string } | null }>,
  ): Promise<void> {
    try {
      for await (const { stdout, exit } of messages) {
        if (exit && exit.message !== '') throw new Error(exit.message);
        // Waiting for each part to be drawn holds the instance to the pace of this screen.
        if (stdout) await new Promise<void>((resolve) => session.terminal.write(stdout, resolve));
        session.timer ??= setTimeout(() => this.#draw(session), drawMs);
      }
    } catch (error) {
      if (this.#sessions.has(session.id)) {
        this.#store.dispatch({ type: 'notice', kind: 'bad', text: reasonOf(error) });
      }
    }
    this.#end(session);
  }

  #draw(session: Session): void {
    clearTimeout(session.timer);
    session.timer = undefined;
    const isTyped = this.#store.state().typing.includes(session.id);
    this.#store.dispatch({ type: 'pane-drawn', id: session.id, lines: terminalLines(session.terminal, isTyped) });
    if (this.#isFollowed(session)) session.readTimer ??= setTimeout(() => this.#readAgain(session), readMs);
  }

  #readAgain(session: Session): void {
    session.readTimer = undefined;
    if (this.#isFollowed(session)) this.read(session.id);
  }

  /** Whether somebody looks at the end of what it has shown. */
  #isFollowed({ id }: Session): boolean {
    const page = shownPage(this.#store.state());
    return page.kind === 'scrollback' && page.id === id && page.document.follow;
  }

  #end(session: Session): void {
    if (!this.#sessions.delete(session.id)) return;
    clearTimeout(session.timer);
    clearTimeout(session.readTimer);
    session.close();
    session.terminal.dispose();
    this.#store.dispatch({ type: 'pane-closed', id: session.id });
    if (this.#diverted !== undefined && this.#store.state().typing.length === 0) this.type([]);
  }

  #typed(chunk: Buffer): void {
    const [first] = this.#store.state().typing;
    if (first !== undefined && chunk.equals(Buffer.from(lookBackKeys))) {
      this.type([]);
      this.read(first);
      return;
    }
    const leave = chunk.indexOf(leaveByte);
    const keys = leave < 0 ? chunk : chunk.subarray(0, leave);
    for (const id of this.#store.state().typing) {
      const session = this.#sessions.get(id);
      if (session === undefined || keys.length === 0) continue;
      if (session.input.type(adapted(keys, session.terminal))) continue;
      const text = `${nameOf(session.key)} does not read what is typed: the last of it is lost`;
      this.#store.dispatch({ type: 'notice', kind: 'bad', text });
    }
    if (leave < 0) return;
    this.type([]);
    // Who types fast, or over a slow line, has the next keys in the same piece.
    this.#keys.screen.write(chunk.subarray(leave + 1));
  }

  /** Panes change their size with the screen, and with how many there are. */
  #fit(): void {
    for (const session of this.#sessions.values()) {
      const size = paneSize(this.#store.state(), session.id);
      if (size === undefined || (size.columns === session.size.columns && size.rows === session.size.rows)) continue;
      session.size = size;
      session.terminal.resize(size.columns, size.rows);
      session.send({ resize: size });
    }
  }
}

/** Keys as the program in the pane wants them: the terminal around it has modes of its own. */
function adapted(keys: Buffer, { modes }: Terminal): Buffer {
  let text = keys.toString('latin1');
  if (!modes.bracketedPasteMode) text = text.replace(/\x1b\[20[01]~/g, '');
  if (modes.applicationCursorKeysMode) text = text.replace(/\x1b\[([A-DHF])/g, '\x1bO$1');
  return Buffer.from(text, 'latin1');
}
