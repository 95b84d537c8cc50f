import { Connection } from '../client/connection.ts';
import type { Dialer } from '../client/dialer.ts';
import type { Context } from '../commands/command.ts';
import { printableLines } from '../output/printable.ts';
import { type Settings, settingsPath } from '../settings/settings.ts';
import { Drawing } from './drawing.ts';
import type { Elsewhere } from './effects/remotes.ts';
import { colourDepth, themeName } from './frame/theme.ts';
import type { Keyboard } from './keyboard.ts';
import { type Ending, Program } from './program.ts';
import { screenSettings } from './screen-settings.ts';
import { initialState } from './state/initial.ts';
import { Store } from './store.ts';
import { FullScreen } from './terminal/full-screen.ts';
import { KeySource } from './terminal/key-source.ts';

/**
 * The full-screen interface, until it is left. Resolves to the exit code. A `Failure` says what is
 * wrong with what its user has set for it.
 */
export async function startScreen(
  context: Pick<Context, 'terminal' | 'global' | 'env'>,
  { screen: written }: Pick<Settings, 'screen'>,
  { dialer, elsewhere }: { readonly dialer: Dialer; readonly elsewhere: Elsewhere },
): Promise<number> {
  const { env, global } = context;
  const { theme, bindings } = screenSettings(written, settingsPath(env) ?? '');
  const { stdin, stdout } = process;
  const sizeNow = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const store = new Store(
    initialState({
      ...{ size: sizeNow(), theme: themeName(env, theme), project: global.project, remote: global.remote, bindings },
      ...{ now: Date.now(), zone: -new Date().getTimezoneOffset() },
    }),
  );
  const keys = new KeySource(stdin);
  const write = (text: string) => void stdout.write(text);
  const drawing = new Drawing(store, colourDepth(env), write);
  const resize = () => {
    store.dispatch({ type: 'resize', size: sizeNow() });
    drawing.redraw();
  };
  try {
    using fullScreen = new FullScreen(stdin, write);
    const ways = { open: () => new Connection(dialer), elsewhere };
    const program = new Program(context, store, { keys, fullScreen, drawing }, ways);
    await program.ready();
    const { code, error } = await shown(program, { store, keys, fullScreen, drawing, resize });
    fullScreen.give();
    if (error === undefined) return code;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await context.terminal.error.write(`Error: ${printableLines(text)}\n`);
    return code;
  } finally {
    keys.stop();
  }
}

interface Parts {
  readonly store: Store;
  readonly keys: KeySource;
  readonly fullScreen: FullScreen;
  readonly drawing: Drawing;
  /** The terminal may have another size. */
  readonly resize: () => void;
}

/** The screen from its first frame to its end. */
async function shown(program: Program, { store, keys, fullScreen, drawing, resize }: Parts): Promise<Ending> {
  const { stdout } = process;
  const onCrash = (error: unknown) => program.end(1, error);
  process.on('uncaughtException', onCrash);
  process.on('unhandledRejection', onCrash);
  let keyboard: Keyboard | undefined;
  try {
    const ended = program.run();
    fullScreen.take();
    drawing.start();
    await program.listed();
    const { startKeyboard } = await import('./keyboard.ts');
    keyboard = startKeyboard(store, { stdin: keys.screen, stdout }, program.onReady);
    keyboard.ended.then(
      () => program.end(0),
      (error) => program.end(1, error),
    );
    // After Ink's own: what that erases at another size is drawn again. It may have become another meanwhile.
    stdout.on('resize', resize);
    resize();
    return await ended;
  } finally {
    drawing.stop();
    keyboard?.stop();
    stdout.off('resize', resize);
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
  }
}
