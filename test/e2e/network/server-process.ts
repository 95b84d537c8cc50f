/**
 * One server's network part as a process of its own, so that a test can put it into a network namespace and kill it at
 * any step. Reads one request per line, `{"method","args"}`, and answers with one line, `{"result"}` or `{"error"}`.
 */
import { createInterface } from 'node:readline';
import { silentLog } from '../../../server/base/log.ts';
import type { Task } from '../../../server/base/task.ts';
import { type Run, run } from '../../../server/host/run.ts';
import { openBridge } from '../../../server/networks/bridge/open-bridge.ts';
import type { NicRequest, PreparedNic } from '../../../server/networks/contract.ts';
import type { NetworkRecord } from '../../../server/networks/network.ts';

export interface ServerOptions {
  readonly record: NetworkRecord;
  readonly daemonId: string;
  readonly directory: string;
  /** The process kills itself after the n-th program that it runs. */
  readonly killAfter?: number;
}

/** What a test may ask; the names are the driver's. */
export type ServerRequest =
  | { readonly method: 'up' | 'down' | 'status' | 'leases' }
  | { readonly method: 'attach' | 'detach'; readonly nic: NicRequest }
  | { readonly method: 'enter'; readonly nic: NicRequest; readonly prepared: PreparedNic; readonly pid: number }
  | { readonly method: 'repair'; readonly known: readonly string[] };

const options = JSON.parse(process.argv[2] ?? '') as ServerOptions; // written by network-server.ts
const task: Task = { signal: new AbortController().signal, log: silentLog, report() {} };
let programs = 0;

const runUntilKilled: Run = async (argv, runOptions) => {
  const result = await run(argv, runOptions);
  programs += 1;
  if (programs === options.killAfter) process.kill(process.pid, 'SIGKILL');
  return result;
};

const driver = openBridge(options.record, { ...options, run: runUntilKilled, log: silentLog, watchMs: 50 });

async function answer(request: ServerRequest): Promise<unknown> {
  switch (request.method) {
    case 'up':
      return await driver.up(task);
    case 'down':
      return await driver.down(task);
    case 'status':
      return driver.status();
    case 'leases':
      return await driver.leases();
    case 'attach':
      return await driver.attach(task, request.nic);
    case 'enter':
      return await driver.enter(task, request.prepared, request.nic, request.pid);
    case 'detach':
      return await driver.detach(task, request.nic);
    case 'repair':
      return await driver.repair(task, new Set(request.known));
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const begin = performance.now();
  try {
    const result = await answer(JSON.parse(line) as ServerRequest); // written by network-server.ts
    process.stdout.write(`${JSON.stringify({ result, tookMs: performance.now() - begin })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
  }
}
await driver[Symbol.asyncDispose]();
