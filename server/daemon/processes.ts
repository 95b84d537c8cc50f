import { type GuestProcesses, GuestProcessTable } from '../host/guest-processes.ts';
import { run } from '../host/run.ts';
import type { Instance } from '../instances/instance.ts';
import type { Engines } from './engines.ts';

/** Reads what runs in an instance; nothing for one that does not run. */
export function processesIn({ runtime }: Engines): (instance: Instance) => Promise<GuestProcesses> {
  const table = new GuestProcessTable(run);
  return async ({ uuid }) => {
    const [state, { unified }] = await Promise.all([runtime.state(uuid), runtime.cgroupPaths(uuid)]);
    if (state?.pid === undefined || unified === undefined) return { processes: [], truncated: false };
    return await table.list({ directory: unified, path: runtime.cgroupOf(uuid) }, state.pid);
  };
}
