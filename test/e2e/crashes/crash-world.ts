import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daemonId } from '../../../server/daemon/daemon-id.ts';
import { run, runChecked } from '../../../server/host/run.ts';
import { Daemon } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { template } from '../harness/template.ts';
import type { Death } from './mortal-yurtd.ts';

export interface Crash {
  /** False when the command came to its end first. */
  readonly died: boolean;
  /** The names of the steps that the server came to. */
  readonly steps: readonly string[];
}

/** A daemon that dies when it is told to, and what there is of it on the host. */
export class CrashWorld implements AsyncDisposable {
  readonly yurt: Daemon;
  /** For files of the test. */
  readonly files: string;

  private constructor(yurt: Daemon, files: string) {
    this.yurt = yurt;
    this.files = files;
  }

  static async start(): Promise<CrashWorld> {
    const files = mkdtempSync(join(tmpdir(), 'yurt-crashes-'));
    const temporary = join(files, 'tmp');
    mkdirSync(temporary);
    const program = [process.execPath, join(import.meta.dirname, 'mortal-yurtd.ts')];
    const mortal = () => ['env', `TMPDIR=${temporary}`, ...program];
    return new CrashWorld(await Daemon.start(await template('tiny'), tmpdir(), mortal), files);
  }

  /**
   * Runs the command on a server that dies at a step of it, and starts the next server. A command that has fewer steps
   * must succeed.
   */
  async crash(args: readonly string[], death: Death): Promise<Crash> {
    await this.#tell(death);
    const command = this.yurt.yurt(args);
    const isDead = await Promise.race([this.yurt.ended().then(() => true), command.then(() => false)]);
    const died = isDead || !(await this.#tell({ step: 0, moment: 'before' }));
    const steps = readFileSync(join(this.yurt.directory, 'steps'), 'utf8').trim().split('\n');
    if (died) {
      await this.yurt.signal('SIGKILL'); // it is dead: this forgets it
      await this.yurt.up();
    }
    // One that lost its server waits for the next.
    const { exitCode, stderr } = await command;
    if (!died && exitCode !== 0) throw new Error(`yurt ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
    return { died, steps };
  }

  /** Whether the server lived to hear of it. */
  async #tell(death: Death): Promise<boolean> {
    const path = join(this.yurt.directory, 'death');
    writeFileSync(path, JSON.stringify(death));
    const { pid } = this.yurt;
    try {
      process.kill(pid, 'SIGUSR2');
      await eventually(() => {
        if (existsSync(path) && existsSync(`/proc/${pid}/root`)) throw new Error('the server does not hear');
      });
      return !existsSync(path);
    } catch (error) {
      if (Error.isError(error) && 'code' in error && error.code === 'ESRCH') return false;
      throw error;
    } finally {
      rmSync(path, { force: true });
    }
  }

  /**
   * What there is on the host, as lines. The instance `known` is KNOWN in them, without its agent, which comes and goes; other
   * ids are left out, and so are layers: those of an instance that goes on are others after each snapshot.
   */
  async residue(known: string): Promise<string[]> {
    const { directory } = this.yurt;
    const lines = [
      ...mountPoints().filter((point) => point.startsWith(`${directory}/`)),
      ...(await this.#files()),
      ...this.#cgroups(),
      ...(await this.#links()),
      ...processesOf(directory),
      ...readdirSync(join(this.files, 'tmp')).map((name) => `temporary ${name}`),
    ];
    const named = lines.map((line) => withoutIds(line.replaceAll(known, 'KNOWN')));
    return named.filter((line) => !/agents\/KNOWN|KNOWN\.agent/.test(line)).sort();
  }

  /** What is left in the pool, for when no instance is left. */
  async pool(): Promise<string[]> {
    const pool = join(this.yurt.directory, 'storage/default');
    const parts = readdirSync(pool).filter((part) => /^(?:layers|instances|snapshots|staging|trash)$/.test(part));
    return parts.flatMap((part) => readdirSync(join(pool, part)).map((name) => `${part}/${name}`));
  }

  async #files(): Promise<string[]> {
    const { directory } = this.yurt;
    const skipped = ['state', 'steps', 'storage/default/layers', 'networks'].flatMap((name) => [
      ...['-path', join(directory, name), '-prune', '-o'],
    ]);
    const argv = ['find', directory, '-mindepth', '1', '-maxdepth', '4', '-xdev', ...skipped, '-print'];
    return (await run(argv)).stdout.trim().split('\n'); // what goes away meanwhile makes it fail
  }

  #cgroups(): string[] {
    const id = daemonId(join(this.yurt.directory, 'state'));
    const roots = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)];
    return roots
      .map((root) => `${root}/yurt/${id}`)
      .filter((path) => existsSync(path))
      .flatMap((path) => readdirSync(path, { withFileTypes: true }).map((entry) => ({ path, entry })))
      .filter(({ entry }) => entry.isDirectory())
      .map(({ path, entry }) => `cgroup ${path}/${entry.name}`);
  }

  async #links(): Promise<string[]> {
    const { stdout } = await this.yurt.inNetwork(['ip', '-j', 'link']);
    const links: { readonly ifname: string }[] = JSON.parse(stdout);
    return links.map(({ ifname }) => `link ${ifname.replace(/^(veth|yurt(?!br)).*/, '$1')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.yurt[Symbol.asyncDispose]();
    await runChecked(run, ['rm', '-rf', '--one-file-system', this.files]);
  }
}

/** What came and what went, as lines that begin with `+` or `-`. */
export function changes(before: readonly string[], after: readonly string[]): string[] {
  const without = (lines: readonly string[], others: readonly string[]) => {
    const rest = [...others];
    return lines.filter((line) => {
      const at = rest.indexOf(line);
      if (at >= 0) rest.splice(at, 1);
      return at < 0;
    });
  };
  return [...without(after, before).map((line) => `+ ${line}`), ...without(before, after).map((line) => `- ${line}`)];
}

function mountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  return lines.map((line) => line.split(' ')[4] ?? '');
}

/** Names of the processes that have the directory among their arguments: what a dead server has left too. */
function processesOf(directory: string): string[] {
  const names = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readProcess(pid, 'cmdline').split('\0'))
    .filter((argv) => argv.some((part) => part.includes(directory)))
    .map(([program = '']) => `process ${program}`);
  return names;
}

function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

function withoutIds(line: string): string {
  return line.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID');
}
