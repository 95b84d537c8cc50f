import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunOptions, RunResult } from '../../../server/host/run.ts';
import type { Daemon } from './daemon.ts';

/** A user at the host of a daemon, with a configuration and keys of its own. */
export class RemoteUser implements Disposable {
  readonly host: Daemon;
  readonly settings: string;

  constructor(host: Daemon) {
    this.host = host;
    this.settings = mkdtempSync(join(host.directory, 'user-'));
  }

  get env(): Record<string, string> {
    return { YURT_CONF: this.settings, YURT_DIR: this.host.directory };
  }

  async yurt(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return await this.host.yurtHere(args, { ...options, env: { ...this.env, ...options.env } });
  }

  /** Runs a command that must succeed; returns what it printed. */
  async ok(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.yurt(args);
    if (exitCode !== 0) throw new Error(`yurt ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Becomes a client of a daemon, by a token. */
  async join(server: Daemon, remote: string, ...rights: string[]): Promise<void> {
    const token = (await server.ok('config', 'trust', 'add', `${remote}-${this.settings.slice(-6)}`, ...rights)).trim();
    await this.ok('remote', 'add', remote, token);
  }

  /** What this user is called on a server that it joined as `remote`. */
  nameOn(remote: string): string {
    return `${remote}-${this.settings.slice(-6)}`;
  }

  [Symbol.dispose](): void {
    rmSync(this.settings, { recursive: true, force: true });
  }
}
