import type { ThemeName } from '../frame/theme.ts';
import type { Bindings } from '../keys/bindings.ts';
import type { Data, Size, State } from './state.ts';
import { tableState } from './table-state.ts';

const noData: Data = {
  ...{ instances: new Map(), images: new Map(), profiles: new Map(), networks: new Map(), storage: new Map() },
  ...{ projects: new Map(), usage: undefined },
  ...{ operations: new Map(), events: new Map(), trust: new Map(), recipes: [], offers: new Map() },
  ...{ server: undefined, serverConfig: undefined, configKeys: [], deviceTypes: [], loaded: new Set(), failures: {} },
};

/** What is there before anything has happened. */
export function initialState(options: {
  readonly size: Size;
  readonly now: number;
  readonly zone: number;
  readonly theme: ThemeName;
  readonly project: string;
  readonly remote: string;
  readonly bindings?: Bindings;
}): State {
  return {
    bindings: new Map(),
    ...options,
    link: { kind: 'connecting' },
    data: noData,
    tables: {
      instances: tableState('name'),
      images: tableState('alias'),
      profiles: tableState('name'),
      networks: tableState('name'),
      storage: tableState('name'),
      projects: tableState('name'),
      operations: tableState('started'),
      events: tableState('time', true),
      trust: tableState('name'),
    },
    pages: [{ kind: 'table', table: 'instances' }],
    ...{ overlay: undefined, prompt: undefined, allProjects: false, notice: undefined, batches: [] },
    ...{ others: new Map(), grouping: 'none', drafts: new Map() },
    ...{ panes: [], typing: [] },
  };
}
