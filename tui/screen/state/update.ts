import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import { type LaunchRequest, launchFormOf } from '../forms/launch.ts';
import { keyed, pasted } from '../keys/key-update.ts';
import { tables } from '../tables/registry.ts';
import type { Action } from './action.ts';
import { withResult } from './batches.ts';
import { withConsole, withConsoleFailure } from './console-log.ts';
import { withApplied } from './draft.ts';
import type { Step } from './effect.ts';
import { withEvent, withOperation, withOperations } from './event-update.ts';
import { withDirectory, withFile, withFiles } from './files.ts';
import { bodyHeight } from './geometry.ts';
import { withInstance, withInstances, withKnownConfig } from './instance-rows.ts';
import { instancePage } from './page.ts';
import { withoutPane, withPane, withScrollback } from './panes.ts';
import { withProcesses } from './processes.ts';
import { withLink, withOthers } from './remotes.ts';
import { withRenamed } from './renamed.ts';
import { withSnapshots } from './snapshots.ts';
import { noticeMs, type ScreenName, type State, shownTable, type TableName, withNotice } from './state.ts';
import { movedTo, scrolled, type TableState, withVisible } from './table-state.ts';

/** The state after an action, and what is to be done because of it. Pure: the same for the same. */
export function update(state: State, action: Action): Step<State> {
  const { state: after, effects } = stepOf(state, action);
  return { state: arranged(state, after), effects };
}

function stepOf(state: State, action: Action): Step<State> {
  if (action.type === 'key') return keyed(state, action.press);
  if (action.type === 'paste') return pasted(state, action.text);
  if (action.type === 'launched') return launched(state, action);
  return { state: told(state, action), effects: [] };
}

/** What comes from elsewhere than the keyboard changes the state, and asks for nothing. */
function told(state: State, action: Exclude<Action, { type: 'key' | 'paste' | 'launched' }>): State {
  switch (action.type) {
    case 'resize':
      return { ...state, size: action.size };
    case 'tick':
      return ticked(state, action.now);
    case 'link':
      return withLink(state, action.link, action.remote ?? '');
    case 'others':
      return withOthers(state, action.remotes);
    case 'instances-listed':
      return withListed(state, action);
    case 'instance-read': {
      const instances = withInstance(state.data.instances, action.key, action.instance, action.now);
      return { ...state, data: { ...state.data, instances } };
    }
    case 'tables-read':
      return withTables(state, action);
    case 'listed':
      return loaded({ ...state, data: { ...state.data, ...action.listed } }, action.screen);
    case 'offered':
      return withOffer(state, action);
    case 'list-failed':
      return withFailure(state, action.screen, action.reason);
    case 'event':
      return withEvent(withRenamed(state, action.event, action.remote ?? ''), action.event, action.remote ?? '');
    case 'operation':
      return withOperation(state, action.operation, action.remote ?? '');
    case 'operations-listed':
      return withListedOperations(state, action.operations, action.remote ?? '');
    case 'batch-begun': {
      const { type: _type, ...batch } = action;
      return { ...state, batches: [...state.batches, { ...batch, ended: [] }] };
    }
    case 'batch-result':
      return withResult(state, action.id, action.target, action.failure);
    case 'launch-refused':
      return refused(state, action.reason, action.request);
    case 'report':
      return withReport(state, action);
    case 'draft-applied':
      return withApplied(state, action.key, action.draft);
    case 'console':
      return withConsole(state, action.key, action.lines, action.now);
    case 'console-failed':
      return withConsoleFailure(state, action.key, action.reason);
    case 'snapshots-listed':
      return withSnapshots(state, action.key, action.snapshots);
    case 'processes-listed':
      return withProcesses(state, action.key, action.listed, action.now);
    case 'files-listed':
      return withFiles(state, action.key, action.path, action.entries);
    case 'directory-opened':
      return withDirectory(state, action.key, action.path, action.entries);
    case 'file-read':
      return withFile(state, action);
    case 'pane-opened':
      return { ...state, panes: [...state.panes, { id: action.id, key: action.key, lines: [] }] };
    case 'pane-drawn':
      return withPane(state, action.id, { lines: action.lines });
    case 'pane-read':
      return withScrollback(state, action);
    case 'pane-closed':
      return withoutPane(state, action.id);
    case 'panes-typing':
      return { ...state, typing: action.ids };
    case 'notice':
      return withNotice(state, action.kind, action.text);
  }
}

function withFailure(state: State, screen: ScreenName, reason: string): State {
  return { ...state, data: { ...state.data, failures: { ...state.data.failures, [screen]: reason } } };
}

function withListed(state: State, action: Extract<Action, { type: 'instances-listed' }>): State {
  const { instances: listed, now, withoutConfig = false, remote = '' } = action;
  const known = state.data.instances;
  const full = withoutConfig ? listed.map((one) => withKnownConfig(known, one, remote)) : listed;
  const instances = withInstances(known, full, now, remote);
  const next = { ...state, now, data: { ...state.data, instances } };
  return remote === '' ? loaded(next, 'instances') : next;
}

function withOffer(state: State, { remote, offer }: Extract<Action, { type: 'offered' }>): State {
  return { ...state, data: { ...state.data, offers: new Map([...state.data.offers, [remote, offer]]) } };
}

function withTables(state: State, { configKeys, deviceTypes }: Extract<Action, { type: 'tables-read' }>): State {
  return { ...state, data: { ...state.data, configKeys, deviceTypes } };
}

function withListedOperations(state: State, operations: readonly Operation__Output[], remote: string): State {
  const next = withOperations(state, operations, remote);
  return remote === '' ? loaded(next, 'operations') : next;
}

/** What there is to read, unless somebody is in the middle of something: then the title alone is said. */
function withReport(state: State, { title, lines, copied }: Extract<Action, { type: 'report' }>): State {
  if (state.overlay !== undefined) return withNotice(state, 'info', title);
  return { ...state, overlay: { kind: 'results', title, lines, copied, offset: 0 } };
}

function loaded(state: State, screen: ScreenName): State {
  const { [screen]: _solved, ...failures } = state.data.failures;
  return { ...state, data: { ...state.data, loaded: new Set([...state.data.loaded, screen]), failures } };
}

function ticked(state: State, now: number): State {
  const isOld = state.notice !== undefined && now - state.notice.at > noticeMs;
  return { ...state, now, notice: isOld ? undefined : state.notice };
}

/** A new instance is shown, unless whoever asked for it has gone on to something else. */
function launched(state: State, { key, from }: Extract<Action, { type: 'launched' }>): Step<State> {
  const table = movedTo(state.tables.instances, key, bodyHeight(state));
  const shown = { ...state, tables: { ...state.tables, instances: table } };
  const page = state.pages.at(-1);
  const waits = state.overlay === undefined && state.prompt === undefined && page?.kind === 'table';
  if (!waits || page.table !== from) return { state: shown, effects: [] };
  return { state: { ...shown, pages: [...shown.pages, instancePage(key)] }, effects: [] };
}

/** The form comes back with what was wrong, unless something else is open. */
function refused(state: State, reason: string, request: LaunchRequest): State {
  if (state.overlay !== undefined || state.prompt !== undefined) return withNotice(state, 'bad', reason);
  return { ...state, overlay: { kind: 'form', form: { ...launchFormOf(request), error: reason } } };
}

/** The rows of the list that is shown are filtered and sorted anew when they, the filter or the order changed. */
function arranged(before: State, after: State): State {
  const name = shownTable(after);
  if (name === undefined) return after;
  const table = after.tables[name];
  const next = withArrangement(after, name, table, bodyHeight(after) !== bodyHeight(before));
  return next === table ? after : { ...after, tables: { ...after.tables, [name]: next } };
}

function withArrangement(state: State, name: TableName, table: TableState, isResized: boolean): TableState {
  const { sort, filter, arrangedFrom } = table;
  const rows = tables[name].rows(state.data);
  const { grouping } = state;
  const height = bodyHeight(state);
  const isSame = arrangedFrom?.rows === rows && arrangedFrom.sort === sort && arrangedFrom.filter === filter;
  if (isSame && arrangedFrom.grouping === grouping) {
    return isResized ? scrolled(table, height) : table;
  }
  const { visible, error } = tables[name].arranged(state.data, { sort, filter, grouping, view: state });
  return withVisible({ ...table, filterError: error, arrangedFrom: { rows, sort, filter, grouping } }, visible, height);
}
