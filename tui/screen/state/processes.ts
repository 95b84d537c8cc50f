import type { Process__Output } from '../../../proto/gen/yurt/v1/Process.ts';
import type { InstancePage, ProcessList, ProcessOrder } from './page.ts';
import type { State } from './state.ts';

type Listed = { readonly processes: readonly Process__Output[]; readonly truncated: boolean };

/** The page of an instance after its processes were read at `now`, or why they could not be. */
export function withProcesses(state: State, key: string, listed: Listed | string, now: number): State {
  return changed(state, key, (before) => {
    if (typeof listed === 'string') return { ...before, state: 'failed', failure: listed };
    return { ...before, ...listed, cpu: cpuOf(before, listed.processes, now), at: now, state: 'here', failure: '' };
  });
}

export function withProcessOrder(state: State, key: string, order: ProcessOrder): State {
  return changed(state, key, (before) => ({ ...before, order }));
}

/** In the order that was chosen: the largest first, or by their numbers. */
export function orderedProcesses({ processes, order, cpu }: ProcessList): readonly Process__Output[] {
  if (order === 'pid') return processes;
  const figure = (one: Process__Output) => (order === 'memory' ? Number(one.memoryBytes) : (cpu.get(one.hostPid) ?? 0));
  return [...processes].sort((a, b) => figure(b) - figure(a) || a.pid - b.pid);
}

function cpuOf(before: ProcessList, processes: readonly Process__Output[], now: number): ReadonlyMap<number, number> {
  const seconds = (now - before.at) / 1000;
  if (before.state !== 'here' || seconds <= 0) return before.cpu;
  const known = new Map(before.processes.map((one) => [one.hostPid, one]));
  return new Map(
    processes.flatMap((one) => {
      const last = known.get(one.hostPid);
      // Its number may be another's by now, whose time began at nothing.
      if (last === undefined || startOf(last) !== startOf(one)) return [];
      const spent = Number(one.cpuNanoseconds) - Number(last.cpuNanoseconds);
      return [[one.hostPid, Math.max(0, spent / seconds / 1e7)] as const];
    }),
  );
}

function startOf({ startedAt }: Process__Output): string {
  return `${startedAt?.seconds}.${startedAt?.nanos}`;
}

function changed(state: State, key: string, change: (list: ProcessList) => ProcessList): State {
  const page = state.pages.at(-1);
  if (page?.kind !== 'instance' || page.key !== key) return state;
  const [first, ...others] = state.pages;
  const next: InstancePage = { ...page, processes: change(page.processes) };
  return { ...state, pages: others.length === 0 ? [next] : [first, ...others.slice(0, -1), next] };
}
