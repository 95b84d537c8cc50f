import { type ChildProcess, spawn } from 'node:child_process';
import type { Context } from '../../commands/command.ts';
import { printable } from '../../output/printable.ts';
import type { ExecEnd } from '../../session/command-streams.ts';
import { attachConsole } from '../../session/console-session.ts';
import { runCommand } from '../../session/exec-session.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { nameOf } from '../state/batches.ts';
import { placeOf } from '../state/instance-rows.ts';
import type { KeySource } from '../terminal/key-source.ts';
import { resetModes, SessionTerminal } from '../terminal/session-terminal.ts';
import { reasonOf } from './live-connection.ts';
import type { Servers } from './servers.ts';

/** Login shells of root: the first that the instance has is taken. */
const shells = [
  ['su', '-l'],
  ['/bin/sh', '-l'],
] as const;

/** The code of a session that was left rather than ended. */
const hangUpExitCode = 129;

/** Sessions inside instances that have the whole terminal. */
export class Sessions {
  readonly #context: Pick<Context, 'terminal' | 'global' | 'env'>;
  readonly #servers: Servers;
  readonly #keys: KeySource;
  readonly #project: () => string;
  #present: SessionTerminal | undefined;
  #child: ChildProcess | undefined;
  #isOver = false;

  constructor(
    context: Pick<Context, 'terminal' | 'global' | 'env'>,
    servers: Servers,
    keys: KeySource,
    project: () => string,
  ) {
    this.#context = context;
    this.#project = project;
    this.#servers = servers;
    this.#keys = keys;
  }

  /** Ends what has the terminal, as a terminal does that goes away. */
  hangUp(): void {
    this.#isOver = true;
    this.#present?.hangUp();
    this.#child?.kill('SIGTERM');
  }

  /** Resolves to why there was no shell; undefined when there was one. */
  async shell(key: string): Promise<string | undefined> {
    return await this.#session(key, 'Shell', 'exit, or ctrl+] twice, goes back to yurt', async (terminal) => {
      for (const command of shells) {
        const end = await this.#exec(terminal, key, command);
        if (end.code !== 127 || end.message === '') return undefined;
      }
      return `${nameOf(key)} has neither su nor /bin/sh`;
    });
  }

  /** Runs one command and waits for a key, so that its output can be read. */
  async run(key: string, command: string): Promise<string | undefined> {
    return await this.#session(key, command, 'ctrl+] twice goes back to yurt', async (terminal) => {
      const { code, message } = await this.#exec(terminal, key, ['/bin/sh', '-c', command]);
      const said = message === '' ? `It ended with code ${code}` : printable(message);
      await terminal.output.write(`\r\n\x1b[0m${said}. Any key goes back to yurt.`);
      await keyTyped(terminal);
      return undefined;
    });
  }

  async console(key: string): Promise<string | undefined> {
    return await this.#session(key, 'Console', '', async (terminal) => {
      const { live, project, name: instance } = this.#servers.placeOf(key);
      const global = { ...this.#context.global, project };
      const context = { ...this.#context, global, terminal, connect: async () => live.present };
      await attachConsole(context, { instance, force: false });
      return undefined;
    });
  }

  /**
   * Runs another command of yurt with the terminal for itself: what it asks and says is its own, and stays to be read when
   * it failed. It is for the server and project of an instance when it is about one.
   */
  async command(args: readonly string[], key: string | undefined): Promise<string | undefined> {
    const code = await this.#commandEnded(args, key);
    await this.#context.terminal.output.write(resetModes);
    if (code === 0 || this.#isOver) return undefined;
    await this.#reading(`It ended with code ${code}`);
    return `yurt ${args.join(' ')} ended with code ${code}`;
  }

  async #commandEnded(args: readonly string[], key: string | undefined): Promise<number> {
    const { global } = this.#context;
    using _lent = this.#keys.lend();
    const [program = ''] = process.argv.slice(1);
    const about = key === undefined ? { remote: '', project: this.#project() } : placeOf(key);
    const chosen = about.project;
    const project = chosen === '' ? [] : ['--project', chosen];
    const argv = [...process.execArgv, program, ...args, ...project];
    const child = spawn(process.execPath, argv, {
      stdio: 'inherit',
      // For the same server, however that was chosen.
      env: { ...this.#context.env, YURT_REMOTE: about.remote || global.remote },
    });
    this.#child = child;
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? 1));
    });
  }

  /** Waits for a key, so that what stands in the terminal can be read. */
  async #reading(said: string): Promise<void> {
    using terminal = new SessionTerminal(this.#context.terminal, this.#keys);
    this.#present = terminal;
    try {
      await terminal.output.write(`\r\n${said}. Any key goes back to yurt.`);
      await keyTyped(terminal);
    } finally {
      this.#present = undefined;
    }
  }

  async #session(
    key: string,
    what: string,
    hint: string,
    use: (terminal: Terminal) => Promise<string | undefined>,
  ): Promise<string | undefined> {
    using terminal = new SessionTerminal(this.#context.terminal, this.#keys);
    this.#present = terminal;
    try {
      const title = `${printable(nameOf(key))}: ${printable(what)}`;
      await terminal.output.write(`${title}${hint === '' ? '' : ` (${hint})`}\r\n`);
      return await use(terminal);
    } catch (error) {
      const wasLeft = error instanceof Error && 'exitCode' in error && error.exitCode === hangUpExitCode;
      return wasLeft ? undefined : reasonOf(error);
    } finally {
      this.#present = undefined;
      await terminal.output.write(resetModes).catch(() => {});
    }
  }

  async #exec(terminal: Terminal, key: string, command: readonly string[]): Promise<ExecEnd> {
    const { live, project, name: instance } = this.#servers.placeOf(key);
    const term = this.#context.env['TERM'];
    return await runCommand(live.present, terminal, {
      ...{ instance, project, command, user: 0, group: 0, cwd: '', interactive: true, withStdin: true },
      environment: term ? { TERM: term } : {},
    });
  }
}

async function keyTyped(terminal: Terminal): Promise<void> {
  const left = Promise.withResolvers<void>();
  const off = terminal.onSignal('SIGHUP', left.resolve);
  const stream = terminal.input.stream();
  const onKeys = () => left.resolve();
  terminal.input.setRaw(true);
  stream.on('data', onKeys);
  await left.promise;
  stream.off('data', onKeys);
  terminal.input.setRaw(false);
  off();
}
