/** yurtd: reads the environment, wires the parts together by hand, serves until it is told to stop. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { lockFile } from '../native/file-lock.ts';
import { Fault } from './base/fault.ts';
import type { Log } from './base/log.ts';
import { type Directories, directoriesFrom, makeDirectories } from './daemon/directories.ts';
import { startServer } from './daemon/server.ts';

const log: Log = pino({
  level: process.env['YURT_LOG_LEVEL'] ?? 'info',
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
});

try {
  await main();
} catch (error) {
  const fault = Fault.from(error);
  log.error({ err: error }, 'yurtd cannot run');
  process.stderr.write(`Error: ${fault.message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Fault('forbidden', 'yurtd must run as root: it makes namespaces and mounts');
  const directories = directoriesFrom(process.env['YURT_DIR']);
  makeDirectories(directories);
  using _lock = lockState(directories);
  const root = join(import.meta.dirname, '..');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const server = await startServer({ log, directories, root, version, hostName: hostname() });
  const stop = (reason: string) => {
    log.info({ reason }, 'stopping');
    server.stop();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.once(signal, () => stop(signal));
  process.on('SIGHUP', () => {}); // a terminal that goes away is no reason
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a defect: a failure that nobody handled'));
  log.info({ pid: process.pid, socket: directories.socket }, 'yurtd is ready');
  await server.stopped;
  process.exit(0); // what libraries still hold open must not keep a stopped server
}

/** One server per state directory, whatever else goes wrong. Fault `in-use`. */
function lockState(directories: Directories): Disposable {
  const lock = lockFile(join(directories.state, 'lock'));
  if (lock === undefined) throw new Fault('in-use', `Another yurtd runs on ${directories.state} already`);
  return lock;
}
