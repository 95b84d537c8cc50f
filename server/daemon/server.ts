import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import { migrate } from '../db/schema-version.ts';
import type { Store } from '../db/store.ts';
import { Events } from '../events/events.ts';
import type { FrozenMounts, Mounts } from '../host/mounts.ts';
import type { ProgramOutput } from '../host/program-output.ts';
import type { Run } from '../host/run.ts';
import { Operations } from '../operations/operations.ts';
import { daemonId } from './daemon-id.ts';
import type { Directories } from './directories.ts';
import { openEngines } from './engines.ts';
import { hostWasRebooted } from './host-boot.ts';
import { openInstances } from './instances.ts';
import { serve } from './serve.ts';

export interface ServerOptions {
  readonly log: Log;
  readonly directories: Directories;
  /** Where yurt itself is installed. */
  readonly root: string;
  readonly version: string;
  readonly hostName: string;
  readonly tools: Tools;
}

/** What the server changes the host and its own state with. A test gives it some that end it at any step. */
export interface Tools {
  readonly run: Run;
  readonly output: ProgramOutput;
  readonly mounts: Mounts & FrozenMounts;
  readonly openStore: (path: string) => Promise<Store>;
}

export interface RunningServer {
  /** Begins to stop: no more calls, instances live on. */
  stop(): void;
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>;
}

export const defaultPool = 'default';
export const defaultNetworkPrefix = 'yurtbr';
/** Calls that are under way at the end may take this long to finish. */
const graceMs = 2_000;

/** Opens the parts in the order in which they need one another, finds what an earlier server left, then serves. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { log, directories, tools } = options;
  const store = await tools.openStore(join(directories.state, 'db'));
  await migrate(store);
  const id = daemonId(directories.state);
  const events = new Events();
  const operations = new Operations({ log, publish: (payload, project) => events.publish(payload, project) });
  const base = { ...options, store, id, events, operations };
  const engines = await openEngines(base);
  const instances = await openInstances(base, engines);
  const toStart = await instances.reconcile(await hostWasRebooted(store));
  const { promise: stopAsked, resolve: stop } = Promise.withResolvers<{
    instancesToo: boolean;
    timeoutSeconds: number;
  }>();
  const listening = await serve(base, engines, instances, (timeoutSeconds) =>
    stop({ instancesToo: true, timeoutSeconds }),
  );
  const starting = new AbortController();
  const started = instances.withHost.startAll(toStart, starting.signal);
  const stopped = stopAsked.then(async ({ instancesToo, timeoutSeconds }) => {
    starting.abort();
    await started;
    if (instancesToo) await instances.withHost.stopAll(timeoutSeconds);
    await listening.close(graceMs);
    await operations.drain();
    await instances.close();
    if (instancesToo) await engines.down();
    await engines.close();
    await store.close();
  });
  return { stop: () => stop({ instancesToo: false, timeoutSeconds: 0 }), stopped };
}

/** What every part of the wiring gets. */
export interface Base extends ServerOptions {
  readonly store: Store;
  readonly id: string;
  readonly events: Events;
  readonly operations: Operations;
}

/** '' when the file does not exist. */
export async function readOptional(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

/** Everything that is kept beside the records of an instance. */
export async function removeInstanceFiles(log: string, uuid: string): Promise<void> {
  await rm(join(log, uuid), { recursive: true, force: true });
}
