import { render } from 'ink';
import { createElement } from 'react';
import { Connection } from '../client/connection.ts';
import type { Dialer } from '../client/dialer.ts';
import type { Context } from '../commands/command.ts';
import { printableLines } from '../output/printable.ts';
import { App } from './app.ts';
import { colourDepth, themeName } from './frame/theme.ts';
import { Program } from './program.ts';
import { initialState } from './state/initial.ts';
import { Store } from './store.ts';
import { KeySource } from './terminal/key-source.ts';

/** Frames in a second at most. */
const maxFps = 60;

/** The full-screen interface, until it is left. Resolves to the exit code. */
export async function startScreen(
  context: Pick<Context, 'terminal' | 'global' | 'env'>,
  dialer: Dialer,
): Promise<number> {
  const { env, global } = context;
  const { stdin, stdout } = process;
  const sizeNow = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const depth = colourDepth(env);
  const store = new Store(
    initialState({
      ...{ size: sizeNow(), theme: themeName(env), project: global.project },
      ...{ now: Date.now(), zone: -new Date().getTimezoneOffset() },
    }),
  );
  const keys = new KeySource(stdin);
  const program = new Program(context, store, keys, () => new Connection(dialer));
  const onResize = () => store.dispatch({ type: 'resize', size: sizeNow() });
  stdout.on('resize', onResize);
  await program.ready();
  const screen = render(createElement(App, { store, depth, onReady: program.onReady }), {
    ...{ stdout, stdin: keys.screen, exitOnCtrlC: false, patchConsole: false, interactive: true },
    ...{ alternateScreen: true, incrementalRendering: true, maxFps },
  });
  const onCrash = (error: unknown) => program.end(1, error);
  process.on('uncaughtException', onCrash);
  process.on('unhandledRejection', onCrash);
  screen.waitUntilExit().then(
    () => program.end(0),
    (error) => program.end(1, error),
  );
  try {
    const { code, error } = await program.run(() => {
      screen.clear();
      onResize();
    });
    screen.unmount();
    if (error !== undefined) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      await context.terminal.error.write(`Error: ${printableLines(text)}\n`);
    }
    return code;
  } finally {
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
    stdout.off('resize', onResize);
    keys.stop();
  }
}
