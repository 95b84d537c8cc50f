import { parseArguments } from './arguments/parse.ts';
import { UsageError } from './arguments/usage-error.ts';
import { Failure } from './client/failure.ts';
import type { Context, GlobalOptions } from './commands/command.ts';
import { type Found, findCommand, suggestions } from './commands/find.ts';
import { printableLines } from './output/printable.ts';
import { expandAlias } from './settings/aliases.ts';
import { readSettings, type Settings } from './settings/settings.ts';
import { OutputClosed, type Terminal } from './terminal/terminal.ts';

/** What a process whose reader went away ends with: 128 and SIGPIPE. */
const outputClosedExitCode = 141;

/** Runs one command line and resolves to the exit code; prints failures. Never throws. */
export async function runProgram(argv: readonly string[], env: Context['env'], terminal: Terminal): Promise<number> {
  let found: Found = { kind: 'none' };
  let debug = argv.includes('--debug');
  try {
    const settings = await readSettings(env);
    const words = Object.keys(settings.aliases).length === 0 ? argv : expandAlias(argv, settings.aliases);
    found = findCommand(words);
    if (found.kind !== 'command') return await runWithoutCommand(words, found, { env, terminal, settings });
    const { global: given, help, version, input } = parseArguments(found.spec, found.argv);
    const global = inProject(given, settings);
    debug = global.debug;
    if (version) return await printVersion(terminal);
    if (help) {
      const { commandHelp } = await import('./help/text.ts');
      await terminal.output.write(commandHelp(found.spec));
      return 0;
    }
    const connection = new LazyConnection(env, global.debug ? terminal : undefined);
    try {
      const command = await found.spec.load();
      return (await command.run({ terminal, global, env, connect: () => connection.open() }, input)) ?? 0;
    } finally {
      await connection.close();
    }
  } catch (error) {
    return await printFailure(error, found, terminal, debug).catch(() => outputClosedExitCode);
  }
}

class LazyConnection {
  readonly #env: Context['env'];
  readonly #trace: Terminal | undefined;
  #opened: ReturnType<Context['connect']> | undefined;

  constructor(env: Context['env'], trace: Terminal | undefined) {
    this.#env = env;
    this.#trace = trace;
  }

  open(): ReturnType<Context['connect']> {
    this.#opened ??= this.#load();
    return this.#opened;
  }

  async close(): Promise<void> {
    const connection = await this.#opened;
    connection?.close();
  }

  async #load(): ReturnType<Context['connect']> {
    const [{ Connection }, { socketPath }] = await Promise.all([
      import('./client/connection.ts'),
      import('./client/socket.ts'),
    ]);
    const terminal = this.#trace;
    if (terminal === undefined) return new Connection(socketPath(this.#env));
    return new Connection(
      socketPath(this.#env),
      (line) => void terminal.error.write(`debug: ${line}\n`).catch(() => {}),
    );
  }
}

interface Surroundings {
  readonly env: Context['env'];
  readonly terminal: Terminal;
  readonly settings: Settings;
}

/** `--project`, else the project that was switched to. */
function inProject(global: GlobalOptions, settings: Settings): GlobalOptions {
  return { ...global, project: global.project === '' ? settings.project : global.project };
}

/** `yurt` (the screen on a terminal), `yurt --help`, `yurt image`, and words that are no command. */
async function runWithoutCommand(
  argv: readonly string[],
  found: Exclude<Found, { kind: 'command' }>,
  { env, terminal, settings }: Surroundings,
): Promise<number> {
  const { groupHelp, programHelp } = await import('./help/text.ts');
  if (found.kind === 'group') {
    if (found.unknown !== undefined)
      throw new UsageError(`unknown command "${found.unknown}" for "yurt ${found.group}"`);
    await terminal.output.write(groupHelp(found.group));
    return 0;
  }
  if (found.unknown !== undefined) {
    const similar = suggestions(found.unknown);
    const hint = similar.length === 0 ? '' : `. Did you mean "${similar.join('" or "')}"?`;
    throw new Failure(`unknown command "${found.unknown}" for "yurt"${hint}`);
  }
  const { version, help, global: given } = parseArguments({}, argv);
  const global = inProject(given, settings);
  if (version) return await printVersion(terminal);
  if (!help && terminal.input.isTty && terminal.output.isTty && env['TERM'] !== 'dumb') {
    // A bundle of its own: no other command loads what draws the screen.
    const { startScreen } = await import('./screen/start.ts');
    return await startScreen({ terminal, global, env });
  }
  await terminal.output.write(programHelp());
  return 0;
}

async function printVersion(terminal: Terminal): Promise<number> {
  const { programVersion } = await import('./version.ts');
  await terminal.output.write(`${await programVersion()}\n`);
  return 0;
}

async function printFailure(error: unknown, found: Found, terminal: Terminal, debug: boolean): Promise<number> {
  if (error instanceof OutputClosed) return outputClosedExitCode;
  if (error instanceof UsageError) {
    const { commandHelp, groupHelp, programHelp } = await import('./help/text.ts');
    const help =
      found.kind === 'command'
        ? commandHelp(found.spec)
        : found.kind === 'group'
          ? groupHelp(found.group)
          : programHelp();
    await terminal.error.write(`${help}\nError: ${printableLines(error.message)}\n`);
    return 1;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (debug && error instanceof Error) await terminal.error.write(`debug: ${printableLines(error.stack ?? '')}\n`);
  if (message !== '') await terminal.error.write(`Error: ${printableLines(message)}\n`);
  return error instanceof Failure ? error.exitCode : 1;
}
