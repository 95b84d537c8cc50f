import { render } from 'ink';
import { createElement } from 'react';
import { Connection } from '../client/connection.ts';
import type { Dialer } from '../client/dialer.ts';
import type { Context } from '../commands/command.ts';
import { printableLines } from '../output/printable.ts';
import { App } from './app.ts';
import { Drawing } from './drawing.ts';
import type { Elsewhere } from './effects/remotes.ts';
import { colourDepth, themeName } from './frame/theme.ts';
import { Program } from './program.ts';
import { initialState } from './state/initial.ts';
import { Store } from './store.ts';
import { KeySource } from './terminal/key-source.ts';

/** The full-screen interface, until it is left. Resolves to the exit code. */
export async function startScreen(
  context: Pick<Context, 'terminal' | 'global' | 'env'>,
  dialer: Dialer,
  elsewhere: Elsewhere,
): Promise<number> {
  const { env, global } = context;
  const { stdin, stdout } = process;
  const sizeNow = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const depth = colourDepth(env);
  const store = new Store(
    initialState({
      ...{ size: sizeNow(), theme: themeName(env), project: global.project, remote: global.remote },
      ...{ now: Date.now(), zone: -new Date().getTimezoneOffset() },
    }),
  );
  const keys = new KeySource(stdin);
  const drawing = new Drawing(store, depth, (text) => stdout.write(text));
  const program = new Program(context, store, keys, () => new Connection(dialer), elsewhere);
  const onResize = () => {
    store.dispatch({ type: 'resize', size: sizeNow() });
    drawing.redraw();
  };
  await program.ready();
  const screen = render(createElement(App, { store, onReady: program.onReady }), {
    ...{ stdout, stdin: keys.screen, exitOnCtrlC: false, patchConsole: false, interactive: true },
    ...{ alternateScreen: true },
  });
  // After Ink's own: what that erases at another size is drawn again.
  stdout.on('resize', onResize);
  const onCrash = (error: unknown) => program.end(1, error);
  process.on('uncaughtException', onCrash);
  process.on('unhandledRejection', onCrash);
  screen.waitUntilExit().then(
    () => program.end(0),
    (error) => program.end(1, error),
  );
  try {
    onResize();
    drawing.start();
    const { code, error } = await program.run(drawing);
    drawing.stop();
    screen.unmount();
    if (error !== undefined) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      await context.terminal.error.write(`Error: ${printableLines(text)}\n`);
    }
    return code;
  } finally {
    drawing.stop();
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
    stdout.off('resize', onResize);
    keys.stop();
  }
}
