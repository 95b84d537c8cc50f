import type { Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import { keyOf } from './instance-rows.ts';
import type { Page } from './page.ts';
import type { State } from './state.ts';

/** The state after an event: when it tells of an instance's new name, what was known of it and shown of it is its own still. */
export function withRenamed(state: State, { lifecycle, project }: Event__Output, remote: string): State {
  if (lifecycle?.action !== 'instance-renamed') return state;
  const name = lifecycle.source.split('/')[1] ?? '';
  const { old_name: oldName = '', old_project: oldProject = project } = lifecycle.context;
  const from = keyOf({ project: oldProject, name: oldName }, remote);
  const to = keyOf({ project, name }, remote);
  const row = state.data.instances.get(from);
  if (row === undefined || from === to) return state;
  const instances = new Map(state.data.instances);
  instances.delete(from);
  instances.set(to, { ...row, key: to, instance: { ...row.instance, name, project } });
  const draft = state.drafts.get(from);
  const drafts = new Map([...state.drafts].filter(([key]) => key !== from));
  if (draft !== undefined) drafts.set(to, draft);
  const rekeyed = (key: string) => (key === from ? to : key);
  const paged = <One extends Page>(page: One): One =>
    page.kind === 'instance' || page.kind === 'files' || page.kind === 'file'
      ? { ...page, key: rekeyed(page.key) }
      : page;
  const [first, ...others] = state.pages;
  const table = state.tables.instances;
  const cursor = table.cursor === undefined ? undefined : rekeyed(table.cursor);
  const marked = new Set([...table.marked].map(rekeyed));
  return {
    ...state,
    drafts,
    data: { ...state.data, instances },
    tables: { ...state.tables, instances: { ...table, cursor, marked } },
    pages: [paged(first), ...others.map(paged)],
  };
}
