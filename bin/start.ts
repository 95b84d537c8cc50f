/**
 * What `npm start` does after the set-up: a daemon, as a service or in the background, an image, a first instance, and a command in it.
 * Each step looks first whether it is done, so that a second run only says what is there.
 */
import { type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { directoriesFrom, makeDirectories } from '../server/daemon/directories.ts';
import { hasServiceManager, startService } from './service.ts';

const root = dirname(import.meta.dirname);
const yurtDir = process.env['YURT_DIR'];
const directories = directoriesFrom(yurtDir);
const image = 'tiny';
const instance = 'first';
/** A first start makes the default pool, bridge and profile. */
const daemonStartTimeoutMs = 60_000;
const pollMs = 50;

await ensureDaemon();
ensureImage();
ensureInstance();
yurt(['exec', instance, '--', 'sh', '-c', 'echo "Hello from $(hostname). All that runs here:"; ps']);
sayWhatNext();

async function ensureDaemon(): Promise<void> {
  if (await answers()) {
    console.log('yurtd is running.');
    return;
  }
  // A server with a directory of its own is for trying things out: nothing of it may outlive a boot.
  if (!yurtDir && hasServiceManager()) runAsService();
  else await runInBackground();
}

function runAsService(): void {
  try {
    startService(root);
  } catch {
    fail(
      'The service yurtd does not start:',
      lastLinesOf('journalctl', '--unit', 'yurtd', '--lines', '15', '--no-pager'),
    );
  }
  console.log('yurtd runs as a service, at each boot: systemctl status yurtd, journalctl --unit yurtd');
}

async function runInBackground(): Promise<void> {
  makeDirectories(directories);
  const logPath = join(directories.log, 'yurtd.log');
  const pidPath = join(directories.run, 'yurtd.pid');
  const output = openSync(logPath, 'a', 0o600);
  const daemon = spawn(join(root, 'bin/yurtd'), { cwd: '/', detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  const deadline = Date.now() + daemonStartTimeoutMs;
  while (!(await answers())) {
    if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) {
      fail(`yurtd has ended at once; the end of ${logPath}:`, lastLines(logPath));
    }
    if (Date.now() > deadline) fail(`yurtd does not answer; the end of ${logPath}:`, lastLines(logPath));
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  writeFileSync(pidPath, `${daemon.pid}\n`);
  daemon.unref();
  console.log(`yurtd runs in the background: process ${daemon.pid}, log ${logPath}`);
}

/** Whether somebody listens on the socket of the daemon. */
function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(directories.socket, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function ensureImage(): void {
  if (asked(['image', 'info', image]) !== undefined) {
    console.log(`The image ${image} is there.`);
    return;
  }
  yurt(['image', 'build', image]);
}

function ensureInstance(): void {
  const listed = asked(['list', '-f', 'csv', '-c', 'ns']) ?? '';
  const status = listed
    .split('\n')
    .map((line) => line.split(','))
    .find(([name]) => name === instance)?.[1];
  if (status === undefined) yurt(['launch', image, instance]);
  else if (status === 'RUNNING') console.log(`The instance ${instance} is running.`);
  else yurt(['start', instance]);
}

/** Shows a command, runs it for the user to see, and ends here when it fails. */
function yurt(args: readonly string[]): void {
  console.log(`$ ${shown(args)}`);
  const { status, error } = call(args, { stdio: 'inherit' });
  if (status !== 0) fail(`yurt ${args[0]} has failed${error === undefined ? '' : `: ${error.message}`}`, '');
}

/** What a command prints, or undefined when it fails. */
function asked(args: readonly string[]): string | undefined {
  const { status, stdout } = call(args, { stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? String(stdout) : undefined;
}

function call(args: readonly string[], options: SpawnSyncOptions) {
  return spawnSync(join(root, 'bin/yurt'), args, options);
}

/** The command as the user would type it here. */
function shown(args: readonly string[]): string {
  const program = relative(process.cwd(), join(root, 'bin/yurt'));
  const quoted = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`));
  return [...(yurtDir ? [`YURT_DIR=${yurtDir}`] : []), program, ...quoted].join(' ');
}

function sayWhatNext(): void {
  const next: readonly (readonly [string[], string])[] = [
    [['list'], 'the instances, with state and addresses'],
    [['shell', instance], 'a shell in the first one'],
    [['image', 'build', 'debian/12'], 'a whole Debian to launch from'],
    [['launch', 'debian/12', 'web'], 'an instance of it'],
    [['--help'], 'every command'],
  ];
  const commands = next.map(([args, what]) => ({ command: shown(args), what }));
  const width = Math.max(...commands.map(({ command }) => command.length));
  console.log('\nTry next:');
  for (const { command, what } of commands) console.log(`  ${command.padEnd(width)}  # ${what}`);
}

function lastLinesOf(...[program = '', ...args]: string[]): string {
  return String(spawnSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] }).stdout).trimEnd();
}

function lastLines(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}

function fail(message: string, detail: string): never {
  console.error(`Error: ${message}`);
  if (detail !== '') console.error(detail);
  process.exit(1);
}
