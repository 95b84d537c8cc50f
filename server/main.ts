/** yurtd: reads the environment, wires the parts together by hand, serves until it is told to stop. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { lockFile } from '../native/file-lock.ts';
import { Fault } from './base/fault.ts';
import type { Log } from './base/log.ts';
import { type Directories, directoriesFrom, makeDirectories } from './daemon/directories.ts';
import { startServer, type Tools } from './daemon/server.ts';
import { LevelStore } from './db/level-store.ts';
import { KernelMounts } from './host/mounts.ts';
import { programOutput } from './host/program-output.ts';
import { run } from './host/run.ts';
import { tellServiceManager } from './host/service-manager.ts';

const log: Log = pino({
  level: process.env['YURT_LOG_LEVEL'] ?? 'info',
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
});

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const help = `Usage: yurtd

The server of yurt, in the foreground. It takes no arguments; these variables of the environment count:
  YURT_DIR        everything below this directory instead of /var/lib/yurt, /run/yurt and /var/log/yurt
  YURT_LOG_LEVEL  fatal, error, warn, info (default), debug or trace
`;

try {
  if (!answered()) await main();
} catch (error) {
  const fault = Fault.from(error);
  log.error({ err: error }, 'yurtd cannot run');
  process.stderr.write(`Error: ${fault.message}\n`);
  process.exit(1);
}

/** Whether the arguments ask for something else than a server. Fault `invalid` for unknown ones: nothing may start by mistake. */
function answered(): boolean {
  try {
    const options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const;
    const { values } = parseArgs({ options });
    if (values.version) process.stdout.write(`${version}\n`);
    else if (values.help) process.stdout.write(help);
    return values.version === true || values.help === true;
  } catch (error) {
    throw new Fault('invalid', `${Error.isError(error) ? error.message : String(error)}. See "yurtd --help"`);
  }
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Fault('forbidden', 'yurtd must run as root: it makes namespaces and mounts');
  const directories = directoriesFrom(process.env['YURT_DIR']);
  makeDirectories(directories);
  using _lock = lockState(directories);
  const tools: Tools = {
    ...{ run, output: programOutput, mounts: new KernelMounts() },
    openStore: (path) => LevelStore.open(path),
  };
  const server = await startServer({ log, directories, root, version, tools, hostName: hostname() });
  const stop = (reason: string) => {
    log.info({ reason }, 'stopping');
    server.stop();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.once(signal, () => stop(signal));
  process.on('SIGHUP', () => {}); // a terminal that goes away is no reason
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a defect: a failure that nobody handled'));
  log.info({ pid: process.pid, socket: directories.socket }, 'yurtd is ready');
  await tellServiceManager(run, log, process.env['NOTIFY_SOCKET'], 'READY=1');
  await server.stopped;
  process.exit(0); // what libraries still hold open must not keep a stopped server
}

/** One server per state directory, whatever else goes wrong. Fault `in-use`. */
function lockState(directories: Directories): Disposable {
  const lock = lockFile(join(directories.state, 'lock'));
  if (lock === undefined) throw new Fault('in-use', `Another yurtd runs on ${directories.state} already`);
  return lock;
}
