import type { Snapshot__Output } from '../../../proto/gen/yurt/v1/Snapshot.ts';
import type { SnapshotList } from './page.ts';
import type { State } from './state.ts';

/** The page of an instance after its snapshots were read, or why they could not be: the cursor stays on its snapshot. */
export function withSnapshots(state: State, key: string, read: readonly Snapshot__Output[] | string): State {
  return changed(state, key, (before) => {
    if (typeof read === 'string') return { ...before, state: 'failed', failure: read };
    const name = before.snapshots[before.index]?.name;
    const found = read.findIndex((one) => one.name === name);
    const index = found >= 0 ? found : Math.max(0, Math.min(before.index, read.length - 1));
    return { snapshots: read, index, state: 'here', failure: '' };
  });
}

/** The page with the cursor `step` further, as far as there are snapshots. */
export function withSnapshotCursor(state: State, key: string, step: number): State {
  return changed(state, key, (list) => {
    const index = Math.max(0, Math.min(list.snapshots.length - 1, list.index + step));
    return { ...list, index };
  });
}

function changed(state: State, key: string, change: (list: SnapshotList) => SnapshotList): State {
  const page = state.pages.at(-1);
  if (page?.kind !== 'instance' || page.key !== key) return state;
  const [first, ...others] = state.pages;
  const next = { ...page, snapshots: change(page.snapshots) };
  return { ...state, pages: others.length === 0 ? [next] : [first, ...others.slice(0, -1), next] };
}
