import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../client/connection.ts';
import type { Context } from '../commands/command.ts';
import type { Suspend } from './app.ts';
import type { Drawing } from './drawing.ts';
import { Batches } from './effects/batches.ts';
import { EventFollower } from './effects/event-follower.ts';
import { Files } from './effects/files.ts';
import { Lists } from './effects/lists.ts';
import { LiveConnection } from './effects/live-connection.ts';
import { ObjectVerbs } from './effects/object-verbs.ts';
import { Offers } from './effects/offers.ts';
import type { Panes } from './effects/panes.ts';
import { Poller } from './effects/poller.ts';
import { type Elsewhere, Remotes } from './effects/remotes.ts';
import { Servers } from './effects/servers.ts';
import { Sessions } from './effects/sessions.ts';
import { ShownReader } from './effects/shown-reader.ts';
import { saveText } from './effects/text-files.ts';
import { Verbs } from './effects/verbs.ts';
import type { Effect } from './state/effect.ts';
import type { Store } from './store.ts';
import type { FullScreen } from './terminal/full-screen.ts';
import type { KeySource } from './terminal/key-source.ts';

/** Signals that end the program, with the exit code that stands for each. */
const endingSignals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** How long after it was stopped the program may go on: at once, as soon as it is continued. */
const stopMs = 50;

/** How long who has the terminal may take to give it back when the program ends. */
const backMs = 2000;

/** How long the screen may stay as it was: drawing a first frame that says nothing takes about as long. */
const readyMs = 80;

type ObjectEffect = Extract<
  Effect,
  {
    kind:
      | 'create'
      | 'rename-object'
      | 'delete-objects'
      | 'delete-images'
      | 'build-image'
      | 'cancel-operation'
      | 'create-token'
      | 'delete-trust';
  }
>;
/** How long loading what reads the keys may wait for the first list, which would otherwise wait for that. */
const listMs = 250;

/** What the program does with the terminal. */
interface Surface {
  readonly keys: KeySource;
  readonly fullScreen: Pick<FullScreen, 'take' | 'give' | 'retake'>;
  readonly drawing: Pick<Drawing, 'hold' | 'release' | 'redraw'>;
}

export interface Ending {
  readonly code: number;
  readonly error?: unknown;
}

/** What goes on beside the screen: carries out effects, follows the server, ends. */
export class Program {
  readonly #terminal: Context['terminal'];
  readonly #env: Context['env'];
  readonly #store: Store;
  readonly #servers: Servers;
  readonly #remotes: Remotes;
  readonly #lists: Lists;
  readonly #verbs: Verbs;
  readonly #objects: ObjectVerbs;
  readonly #sessions: Sessions;
  readonly #poller: Poller;
  readonly #events: EventFollower;
  readonly #files: Files;
  readonly #offers: Offers;
  readonly #shown: ShownReader;
  readonly #surface: Surface;
  #names: Promise<void> | undefined;
  #panes: Panes | undefined;
  readonly #ended = Promise.withResolvers<Ending>();
  #suspend: Suspend | undefined;
  #ignoreStop: () => void = () => {};
  #isAway = false;
  /** Resolves when nobody else has the terminal any more. */
  #back = Promise.resolve();

  constructor(
    context: Pick<Context, 'terminal' | 'global' | 'env'>,
    store: Store,
    surface: Surface,
    { open, elsewhere }: { readonly open: () => Connection; readonly elsewhere: Elsewhere },
  ) {
    this.#terminal = context.terminal;
    this.#env = context.env;
    this.#store = store;
    const live = new LiveConnection(open);
    const batches = new Batches(store);
    const servers = new Servers(live);
    this.#servers = servers;
    this.#remotes = new Remotes(servers, store, elsewhere);
    this.#lists = new Lists(live, store);
    this.#verbs = new Verbs(servers, store, batches, elsewhere);
    this.#objects = new ObjectVerbs(servers, store, batches);
    this.#sessions = new Sessions(context, servers, surface.keys, () => store.state().project);
    this.#shown = new ShownReader(servers, store, this.#lists);
    this.#poller = new Poller(store, { instances: this.#lists.instances, remotes: this.#remotes }, this.#shown);
    this.#surface = surface;
    this.#files = new Files(servers, store);
    this.#offers = new Offers(store, elsewhere);
    this.#events = new EventFollower(live, store, [this.#lists, this.#shown.snapshots]);
  }

  readonly onReady = (suspend: Suspend): void => {
    this.#suspend = suspend;
  };

  /** Resolves when there is something to show, or that takes too long to wait for with an empty screen. */
  async ready(): Promise<void> {
    this.#names = this.#lists.readNames();
    await Promise.race([this.#names, delay(readyMs)]);
  }

  /** Resolves when the first list is there, or takes its time. */
  async listed(): Promise<void> {
    await Promise.race([this.#names, delay(listMs)]);
  }

  /** Resolves when the program is to end. */
  async run(): Promise<Ending> {
    this.#store.onEffect((effect) => this.#perform(effect));
    const off = Object.entries(endingSignals).map(([signal, code]) =>
      // The keys of a record of signals are signals.
      this.#terminal.onSignal(signal as NodeJS.Signals, () => this.#signaled(signal, code)),
    );
    off.push(
      this.#terminal.onSignal('SIGCONT', () => this.#continued()),
      () => this.#ignoreStop(),
    );
    this.#heedStop();
    const unwatch = this.#store.subscribe(() => this.#shown.changed());
    this.#poller.start();
    void this.#events.run();
    try {
      return await this.#ended.promise;
    } finally {
      for (const remove of off) remove();
      unwatch();
      this.#poller.stop();
      this.#lists.stop();
      this.#shown.stop();
      this.#events.stop();
      this.#sessions.hangUp();
      await Promise.race([this.#back, delay(backMs)]);
      this.#panes?.closeAll();
      this.#remotes.stop();
      this.#servers.drop();
    }
  }

  end(code: number, error?: unknown): void {
    this.#ended.resolve(error === undefined ? { code } : { code, error });
  }

  /** While another program has the terminal, ctrl+c is meant for that one. */
  #signaled(signal: string, code: number): void {
    if (signal !== 'SIGINT' || !this.#isAway) this.end(code);
  }

  #perform(effect: Effect): void {
    if (effect.kind === 'quit') this.end(0);
    else if (effect.kind === 'redraw') this.#surface.drawing.redraw();
    else if (effect.kind === 'refresh') this.#refresh();
    else if (effect.kind === 'follow-remotes') this.#remotes.follow(effect.follow);
    else void this.#work(effect);
  }

  /** What takes its time. Failures go to the store, where somebody sees them. */
  async #work(effect: Exclude<Effect, { kind: 'quit' | 'redraw' | 'refresh' | 'follow-remotes' }>): Promise<void> {
    switch (effect.kind) {
      case 'suspend':
        return await this.#away(() => this.#stopped());
      case 'shell':
        return await this.#session(() => this.#sessions.shell(effect.key));
      case 'console':
        return await this.#session(() => this.#sessions.console(effect.key));
      case 'run':
        return await this.#session(() => this.#sessions.run(effect.key, effect.command));
      case 'command':
        await this.#session(() => this.#sessions.command(effect.words, effect.key));
        return this.#refresh();
      case 'open-panes':
        return (await this.#withPanes()).open(effect.keys);
      case 'type-to-panes':
        return (await this.#withPanes()).type(effect.ids);
      case 'close-panes':
        return (await this.#withPanes()).close(effect.ids);
      case 'read-pane':
        return (await this.#withPanes()).read(effect.id);
      case 'save-text':
        return await saveText(this.#store, this.#env, effect);
      case 'list-files':
        return await this.#files.list(effect.key, effect.path);
      case 'read-file':
        return await this.#files.read(effect.key, effect.path);
      case 'delete-files':
        return await this.#files.remove(effect.key, effect.path, effect.name);
      case 'verb':
        return await this.#verbs.instances(effect.verb, effect.targets, effect.force);
      case 'move':
        return await this.#verbs.move(effect.key, effect);
      case 'rebuild':
        return await this.#verbs.rebuild(effect);
      case 'publish':
        return await this.#verbs.publish(effect);
      case 'apply-draft':
        return await this.#verbs.applyDraft(effect);
      case 'copy-instance':
        return await this.#verbs.copy(effect.key, effect.name);
      case 'create-snapshot':
      case 'restore-snapshot':
      case 'delete-snapshot':
      case 'rename-snapshot':
      case 'snapshot-expiry':
        return await this.#verbs.snapshot(effect);
      case 'read-offers':
        return await this.#offers.read();
      case 'launch':
        return await this.#verbs.launch(effect.request);
      case 'copy':
        return await this.#terminal.output.write(clipboard(effect.text));
      default:
        return await this.#workOnObjects(effect);
    }
  }

  /** What is done with what is no instance. */
  async #workOnObjects(effect: ObjectEffect): Promise<void> {
    switch (effect.kind) {
      case 'create':
        await this.#objects.create(effect.what, effect.name);
        return this.#lists.readScreen(effect.what);
      case 'rename-object':
        await this.#objects.rename(effect);
        return this.#lists.readScreen(effect.what);
      case 'delete-objects':
        await this.#objects.delete(effect.what, effect.names);
        return this.#lists.readScreen(effect.what);
      case 'delete-images':
        return await this.#objects.deleteImages(effect.fingerprints);
      case 'build-image':
        await this.#objects.buildImage(effect);
        return this.#lists.readScreen('images');
      case 'cancel-operation':
        return await this.#objects.cancelOperation(effect);
      case 'create-token':
        await this.#objects.createToken(effect);
        return this.#lists.readScreen('trust');
      case 'delete-trust':
        await this.#objects.deleteTrust(effect.keys);
        return this.#lists.readScreen('trust');
    }
  }

  #refresh(): void {
    void this.#lists.readAll();
    void this.#remotes.readAll();
    const page = this.#store.state().pages.at(-1);
    if (page?.kind === 'files') void this.#files.list(page.key, page.path);
  }

  /** What they need is loaded with the first one: most people open none. */
  async #withPanes(): Promise<Panes> {
    const { Panes } = await import('./effects/panes.ts');
    this.#panes ??= new Panes(this.#servers, this.#store, this.#surface.keys);
    return this.#panes;
  }

  async #session(use: () => Promise<string | undefined>): Promise<void> {
    await this.#away(async () => {
      const failure = await use();
      if (failure !== undefined) this.#store.dispatch({ type: 'notice', kind: 'bad', text: failure });
    });
  }

  /** Gives the terminal away for as long as `use` takes; one at a time. */
  async #away(use: () => Promise<void>): Promise<void> {
    if (this.#isAway || this.#suspend === undefined) return;
    this.#isAway = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#back = promise;
    this.#poller.pause(true);
    this.#surface.drawing.hold();
    try {
      await this.#suspend(() => this.#lent(use));
    } catch (error) {
      this.end(1, error);
    } finally {
      this.#poller.pause(false);
      this.#surface.drawing.release();
      this.#isAway = false;
      resolve();
    }
  }

  async #lent(use: () => Promise<void>): Promise<void> {
    const { fullScreen } = this.#surface;
    fullScreen.give();
    try {
      await use();
    } finally {
      fullScreen.take();
    }
  }

  /** Somebody else stopped and continued the process: a shell has used the terminal meanwhile. */
  #continued(): void {
    if (this.#isAway) return;
    this.#surface.fullScreen.retake();
    this.#surface.drawing.redraw();
  }

  /** Who is stopped by another process gives the terminal back first, too. */
  #heedStop(): void {
    this.#ignoreStop = this.#terminal.onSignal('SIGTSTP', () => void this.#away(() => this.#stopped()));
  }

  /** As ctrl+z does anywhere; `fg` goes on. A terminal that changed its size meanwhile tells nobody of it by itself. */
  async #stopped(): Promise<void> {
    this.#ignoreStop();
    process.kill(process.pid, 'SIGTSTP');
    await delay(stopMs);
    this.#heedStop();
    process.kill(process.pid, 'SIGWINCH');
  }
}

/** What copies a text to the clipboard of whoever looks, over ssh too. OSC 52 of xterm's control sequences. */
function clipboard(text: string): string {
  return `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
}
