import type { LogLine } from './page.ts';
import type { State } from './state.ts';

/** Of a longer console only the end is kept. */
export const maxConsoleLines = 10_000;

/**
 * The page of an instance after its console was read: `lines` are all that there are now. Lines that were not there the
 * last time have come since then.
 */
export function withConsole(state: State, key: string, lines: readonly string[], now: number): State {
  return changed(state, key, (log) => {
    const kept = lines.slice(-maxConsoleLines);
    const before = log.state === 'here' ? log.lines : undefined;
    if (before === undefined) return { ...log, state: 'here', lines: kept.map((text) => ({ text, at: undefined })) };
    const same = commonPart(before, kept);
    if (same === before.length && same === kept.length) return log;
    const fresh = kept.slice(same).map((text) => ({ text, at: now }));
    return { ...log, state: 'here', lines: [...before.slice(0, same), ...fresh] };
  });
}

export function withConsoleFailure(state: State, key: string, failure: string): State {
  return changed(state, key, (log) => (log.failure === failure ? log : { ...log, state: 'failed', failure }));
}

/** How many lines at the beginning are as they were; the last one may have become longer. */
function commonPart(before: readonly LogLine[], lines: readonly string[]): number {
  const most = Math.min(before.length, lines.length);
  for (let index = 0; index < most; index++) if (before[index]?.text !== lines[index]) return index;
  return most;
}

type Log = Extract<State['pages'][number], { kind: 'instance' }>['log'];

function changed(state: State, key: string, change: (log: Log) => Log): State {
  const page = state.pages.at(-1);
  if (page?.kind !== 'instance' || page.key !== key) return state;
  const log = change(page.log);
  if (log === page.log) return state;
  const [first, ...others] = state.pages;
  const next = { ...page, log };
  return { ...state, pages: others.length === 0 ? [next] : [first, ...others.slice(0, -1), next] };
}
