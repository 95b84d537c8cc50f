import type { InstanceRow } from '../state/instance-rows.ts';
import { type State, shownPage, shownTable } from '../state/state.ts';
import { chosen } from '../state/table-state.ts';

/** The instances that an action is for: the marked ones, the one under the cursor, or the one whose page is shown. */
export function targetInstances(state: State): readonly InstanceRow[] {
  const page = shownPage(state);
  const keys =
    page.kind === 'instance' ? [page.key] : shownTable(state) === 'instances' ? chosen(state.tables.instances) : [];
  return keys.flatMap((key) => state.data.instances.get(key) ?? []);
}

/** The one instance that an action is for that can be for one only. */
export function targetInstance(state: State): InstanceRow | undefined {
  const page = shownPage(state);
  const key =
    page.kind === 'instance' ? page.key : shownTable(state) === 'instances' ? state.tables.instances.cursor : undefined;
  return key === undefined ? undefined : state.data.instances.get(key);
}

export function onInstances(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' || (page.kind === 'table' && page.table === 'instances');
}
