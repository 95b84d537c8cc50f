import { checkCount, type Parsed, parseArguments } from './arguments/parse.ts';
import { splitRemotes } from './arguments/remote-words.ts';
import { UsageError } from './arguments/usage-error.ts';
import { Failure } from './client/failure.ts';
import { defaultRemoteOf, wayTo } from './client/way.ts';
import type { CommandSpec, Context, GlobalOptions, RemoteContext } from './commands/command.ts';
import { type Found, findCommand, suggestions } from './commands/find.ts';
import { printableLines } from './output/printable.ts';
import type { ImageCopy as ScreenImageCopy } from './screen/effects/remotes.ts';
import { expandAlias } from './settings/aliases.ts';
import { localRemote, readSettings, type Settings } from './settings/settings.ts';
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
    const parsed = parseArguments(found.spec, found.argv);
    debug = parsed.global.debug;
    if (parsed.version) return await printVersion(terminal);
    if (parsed.help) {
      const { commandHelp } = await import('./help/text.ts');
      await terminal.output.write(commandHelp(found.spec));
      return 0;
    }
    return await runCommand(found.spec, parsed, { env, terminal, settings });
  } catch (error) {
    return await printFailure(error, found, terminal, debug).catch(() => outputClosedExitCode);
  }
}

/** Runs a command on every server that its arguments name. The first exit code that is not 0 counts. */
async function runCommand(spec: CommandSpec, parsed: Parsed, surroundings: Surroundings): Promise<number> {
  const { env, settings } = surroundings;
  const fallback = spec.withoutServer === true ? localRemote : defaultRemoteOf(env, settings, parsed.forceLocal);
  const parts = splitRemotes(spec, parsed.input.arguments, Object.keys(settings.remotes), fallback);
  for (const part of parts) checkCount(spec, part.arguments);
  const command = await spec.load();
  let code = 0;
  for (const { remote, arguments: args, remotes = [] } of parts) {
    const servers = new Servers(surroundings, parsed.global);
    try {
      const context = spec.withoutServer === true ? servers.without() : servers.on(remote);
      const on = (other: string) => servers.on(other);
      code ||= (await command.run({ ...context, on }, { ...parsed.input, arguments: args, remotes })) ?? 0;
    } finally {
      await servers.close();
    }
  }
  return code;
}

/** The servers that one command is for, each with one connection, opened when it is needed. */
class Servers {
  readonly #surroundings: Surroundings;
  readonly #given: GlobalOptions;
  readonly #connections = new Map<string, LazyConnection>();

  constructor(surroundings: Surroundings, given: GlobalOptions) {
    this.#surroundings = surroundings;
    this.#given = given;
  }

  on(remote: string): RemoteContext {
    return this.#context(onRemote(this.#given, this.#surroundings.settings, remote));
  }

  /** For commands that are for none, and may ask this host's. */
  without(): RemoteContext {
    return this.#context(this.#given);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  #context(global: GlobalOptions): RemoteContext {
    const { env, terminal, settings } = this.#surroundings;
    const known = this.#connections.get(global.remote);
    const connection = known ?? new LazyConnection(this.#surroundings, global);
    this.#connections.set(global.remote, connection);
    const { address } = settings.remotes[global.remote] ?? { address: '' };
    return { terminal, global, env, address, connect: () => connection.open() };
  }
}

class LazyConnection {
  readonly #surroundings: Surroundings;
  readonly #global: GlobalOptions;
  #opened: ReturnType<Context['connect']> | undefined;

  constructor(surroundings: Surroundings, global: GlobalOptions) {
    this.#surroundings = surroundings;
    this.#global = global;
  }

  /** The connection, or another one when it was lost. */
  async open(): ReturnType<Context['connect']> {
    this.#opened ??= this.#load();
    const opened = this.#opened;
    const connection = await opened;
    if (connection.usable) return connection;
    if (this.#opened === opened) this.#opened = this.#load();
    return await this.#opened;
  }

  async close(): Promise<void> {
    // What could not be opened was said by who asked for it.
    const connection = await this.#opened?.catch(() => undefined);
    connection?.close();
  }

  async #load(): ReturnType<Context['connect']> {
    const { env, settings, terminal } = this.#surroundings;
    const { remote, debug } = this.#global;
    const { Connection } = await import('./client/connection.ts');
    const trace = (line: string) => void terminal.error.write(`debug: ${line}\n`).catch(() => {});
    return new Connection(await wayTo(env, settings, remote), debug ? trace : undefined);
  }
}

interface Surroundings {
  readonly env: Context['env'];
  readonly terminal: Terminal;
  readonly settings: Settings;
}

/** With the project that was switched to there, unless `--project` says another. */
function onRemote(global: GlobalOptions, settings: Settings, remote: string): GlobalOptions {
  const { project } = settings.remotes[remote] ?? { project: '' };
  return { ...global, remote, project: global.project === '' ? project : global.project };
}

/** `yurt` (the screen on a terminal), `yurt --help`, `yurt image`, and words that are no command. */
async function runWithoutCommand(
  argv: readonly string[],
  found: Exclude<Found, { kind: 'command' }>,
  { env, terminal, settings }: Surroundings,
): Promise<number> {
  if (found.kind === 'group') {
    const { groupHelp } = await import('./help/text.ts');
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
  const { version, help, global: given, forceLocal } = parseArguments({}, argv);
  if (version) return await printVersion(terminal);
  if (!help && terminal.input.isTty && terminal.output.isTty && env['TERM'] !== 'dumb') {
    const remote = defaultRemoteOf(env, settings, forceLocal);
    const dialer = await wayTo(env, settings, remote);
    // A bundle of its own: no other command loads what draws the screen.
    const { startScreen } = await import('./screen/start.ts');
    const elsewhere = {
      names: Object.keys(settings.remotes).filter((name) => name !== remote),
      projectOf: (name: string) => settings.remotes[name]?.project ?? '',
      way: (name: string) => wayTo(env, settings, name),
      copyImage: (copy: ScreenImageCopy) => imageCopied({ env, terminal, settings }, given, copy),
    };
    const context = { terminal, global: onRemote(given, settings, remote), env };
    return await startScreen(context, settings, { dialer, elsewhere });
  }
  const { programHelp } = await import('./help/text.ts');
  await terminal.output.write(programHelp());
  return 0;
}

/** For the screen: without a word in the terminal, which shows how far the server is. */
async function imageCopied(
  surroundings: Surroundings,
  given: GlobalOptions,
  { from, image, to, project }: ScreenImageCopy,
): Promise<string> {
  const { copyImage } = await import('./transfers/image-between.ts');
  const servers = new Servers(surroundings, { ...given, quiet: true });
  try {
    const [source, target] = [servers.on(from), servers.on(to)];
    return await copyImage({ source, image, target, targetProject: project, aliases: () => [], mode: undefined });
  } finally {
    await servers.close();
  }
}

async function printVersion(terminal: Terminal): Promise<number> {
  const { programVersion } = await import('./version.ts');
  await terminal.output.write(`${await programVersion()}\n`);
  return 0;
}

async function printFailure(error: unknown, found: Found, terminal: Terminal, debug: boolean): Promise<number> {
  if (error instanceof OutputClosed) return outputClosedExitCode;
  if (error instanceof UsageError) {
    const words = found.kind === 'command' ? found.spec.path : found.kind === 'group' ? [found.group] : [];
    const hint = `Run "${['yurt', ...words, '--help'].join(' ')}" for the usage`;
    await terminal.error.write(`Error: ${printableLines(error.message)}\n${hint}\n`);
    return 1;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (debug && error instanceof Error) await terminal.error.write(`debug: ${printableLines(error.stack ?? '')}\n`);
  if (message !== '') await terminal.error.write(`Error: ${printableLines(message)}\n`);
  return error instanceof Failure ? error.exitCode : 1;
}
