import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, Fault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { Serial } from '../../base/serial.ts';
import type { Processes } from '../../host/processes.ts';
import { runProgram } from '../../host/programs.ts';
import { failed, type Run } from '../../host/run.ts';

import type { DnsmasqFiles } from './dnsmasq-config.ts';

/** What answers DHCP and DNS on a bridge. */
export interface NameServer {
  /** Runs with exactly this configuration from now on; leaves one alone that does. `generation` names what it is bound to. */
  ensure(configuration: string, generation: string): Promise<void>;
  /** Reads names and nics again, also those that went away. Does nothing when it does not run. */
  reload(): void;
  /** Ends it and removes its files. Idempotent. */
  stop(): Promise<void>;
  /** Undefined while all is well, else what is wrong. */
  trouble(): string | undefined;
  /** Stops watching it; it runs on. */
  unwatch(): void;
}

export interface DnsmasqOptions {
  /** Of this network only. */
  readonly directory: string;
  readonly run: Run;
  readonly processes: Processes;
  readonly log: Log;
  /** Runs before every start, also those after a crash. */
  readonly beforeStart: () => Promise<void>;
  /** How often the process is looked at, in milliseconds. */
  readonly watchMs?: number;
}

const defaultWatchMs = 1000;
/** A dnsmasq that keeps dying is started again after 1, 2, 4 … seconds, at most this many apart. */
const maxRestartDelayMs = 60_000;
/** One that lived this long has recovered: the next restart is immediate again. */
const recoveredMs = 60_000;
const stopTimeoutMs = 2000;
const maxLogBytes = 1024 * 1024;

export function dnsmasqFiles(directory: string): DnsmasqFiles {
  return {
    pidFile: join(directory, 'dnsmasq.pid'),
    leaseFile: join(directory, 'dnsmasq.leases'),
    logFile: join(directory, 'dnsmasq.log'),
  };
}

/**
 * The dnsmasq of one bridge. It is a daemon of its own and outlives the server. The name of its configuration file holds
 * a hash of all that it was started with, so its argument vector alone tells a later server whether it is the right one.
 */
export class Dnsmasq implements NameServer {
  readonly #options: DnsmasqOptions;
  #argv: readonly string[] | undefined;
  #configuration = '';
  #pid: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  /** Nothing that starts or ends it overlaps. */
  readonly #turns = new Serial();
  #failures = 0;
  #startedAt = 0;
  #notBefore = 0;
  #trouble: string | undefined;

  constructor(options: DnsmasqOptions) {
    this.#options = options;
  }

  ensure(configuration: string, generation: string): Promise<void> {
    return this.#turns.run('process', () => this.#ensure(configuration, generation));
  }

  async #ensure(configuration: string, generation: string): Promise<void> {
    this.unwatch();
    const hash = createHash('sha256').update(`${generation}\n${configuration}`).digest('hex').slice(0, 16);
    this.#argv = ['dnsmasq', `--conf-file=${join(this.#options.directory, `dnsmasq-${hash}.conf`)}`];
    this.#configuration = configuration;
    this.#pid = await this.#adopt(this.#argv);
    if (this.#pid === undefined) await this.#start(this.#argv);
    this.#trouble = undefined;
    this.#timer = setInterval(() => void this.look(), this.#options.watchMs ?? defaultWatchMs);
    this.#timer.unref();
  }

  reload(): void {
    if (this.#pid !== undefined && this.#argv !== undefined) {
      this.#options.processes.signal(this.#pid, this.#argv, 'SIGHUP');
    }
  }

  stop(): Promise<void> {
    return this.#turns.run('process', () => this.#stop());
  }

  async #stop(): Promise<void> {
    this.unwatch();
    this.#argv = undefined;
    this.#pid = undefined;
    await this.#end();
    const { pidFile, leaseFile, logFile } = dnsmasqFiles(this.#options.directory);
    for (const path of [pidFile, leaseFile, logFile]) await rm(path, { force: true });
    await this.#removeConfigurations('');
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  unwatch(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One turn of the watch: starts it again when it died, at a bounded rate, and keeps its log short. Never throws. */
  async look(now = Date.now()): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#turns.run('process', () => this.#look(now));
    } catch (error) {
      this.#trouble = Fault.from(error).message;
      this.#options.log.error({ err: error }, 'dnsmasq could not be started again');
    } finally {
      this.#looking = false;
    }
  }

  async #look(now: number): Promise<void> {
    const argv = this.#argv;
    if (argv === undefined) return;
    await this.#boundLog();
    if (this.#pid !== undefined && this.#options.processes.runs(this.#pid, argv)) return;
    if (now < this.#notBefore) return;
    const recovered = now - this.#startedAt > recoveredMs;
    this.#failures = recovered ? 1 : this.#failures + 1;
    this.#notBefore = now + Math.min(maxRestartDelayMs, 500 * 2 ** Math.min(this.#failures, 10));
    this.#options.log.warn({ failures: this.#failures }, 'dnsmasq died and is started again');
    await this.#start(argv, now);
    this.#trouble = undefined;
  }

  /** The pid of a dnsmasq that runs with `argv`; ends all others of this network. */
  async #adopt(argv: readonly string[]): Promise<number | undefined> {
    const pid = await this.#readPid();
    if (pid !== undefined && this.#options.processes.runs(pid, argv)) return pid;
    await this.#end();
    return undefined;
  }

  async #start(argv: readonly string[], now = Date.now()): Promise<void> {
    this.#pid = undefined;
    await this.#options.beforeStart();
    const file = basename(argv[1] ?? '');
    const path = join(this.#options.directory, file);
    await writeFile(`${path}.new`, this.#configuration, { mode: 0o644 });
    await rename(`${path}.new`, path);
    await this.#removeConfigurations(file);
    this.#startedAt = now;
    // It goes to the background by itself once it listens: the status of the program is that of the whole start.
    const result = await runProgram(this.#options.run, ['dnsmasq', ...argv.slice(1)]);
    if (result.exitCode !== 0) throw failed(result);
    const pid = await this.#readPid();
    if (pid === undefined || !this.#options.processes.runs(pid, argv)) {
      throw new Fault('unavailable', `dnsmasq ended as soon as it was started: see ${dnsmasqFiles('').logFile}`);
    }
    this.#pid = pid;
  }

  /** Ends every dnsmasq of this network, whatever its configuration. */
  async #end(): Promise<void> {
    const { processes, directory } = this.#options;
    const prefix = `--conf-file=${join(directory, 'dnsmasq-')}`;
    const find = () =>
      processes.find((argv) => argv.length === 2 && argv[0] === 'dnsmasq' && (argv[1] ?? '').startsWith(prefix));
    let left = find();
    for (let waitedMs = 0; left.length > 0; waitedMs += 5) {
      const signal = waitedMs >= stopTimeoutMs ? 'SIGKILL' : 'SIGTERM';
      if (waitedMs > 2 * stopTimeoutMs) throw new Fault('internal', 'dnsmasq does not end');
      if (waitedMs % stopTimeoutMs === 0) {
        for (const { pid, argv } of left) processes.signal(pid, argv, signal);
      }
      await delay(5);
      left = left.filter(({ pid, argv }) => processes.runs(pid, argv));
    }
  }

  async #readPid(): Promise<number | undefined> {
    try {
      const text = await readFile(dnsmasqFiles(this.#options.directory).pidFile, 'utf8');
      return /^\d{1,10}\n?$/.test(text) ? Number(text) : undefined;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #removeConfigurations(except: string): Promise<void> {
    const files = await readdir(this.#options.directory).catch(() => []);
    for (const file of files) {
      if (/^dnsmasq-[0-9a-f]{16}\.conf(\.new)?$/.test(file) && file !== except) {
        await rm(join(this.#options.directory, file), { force: true });
      }
    }
  }

  /** dnsmasq appends to its log, so it can be cut at any time. */
  async #boundLog(): Promise<void> {
    const { logFile } = dnsmasqFiles(this.#options.directory);
    const size = await stat(logFile).then(
      (found) => found.size,
      () => 0,
    );
    if (size > maxLogBytes) await truncate(logFile, 0);
  }
}
