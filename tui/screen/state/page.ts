import type { FileEntry__Output } from '../../../proto/gen/yurt/v1/FileEntry.ts';
import type { Process__Output } from '../../../proto/gen/yurt/v1/Process.ts';
import type { Snapshot__Output } from '../../../proto/gen/yurt/v1/Snapshot.ts';
import type { Line } from '../frame/line.ts';
import type { LineEditor } from '../keys/line-editor.ts';
import type { TableName } from './state.ts';

/** Tabs of the page of an instance. */
export const tabNames = [
  ...(['overview', 'devices', 'config', 'snapshots', 'processes', 'network', 'log', 'events', 'metrics'] as const),
] as const;
export type TabName = (typeof tabNames)[number];

/** How a text of many lines is shown. */
export interface DocumentState {
  /** The first line on the screen; beyond the end while it follows. */
  readonly offset: number;
  /** Stays at the end as lines come. */
  readonly follow: boolean;
  /** What is marked where it occurs; `n` and `N` go to it. */
  readonly search: string;
  /** Only lines with it are shown. */
  readonly filter: string;
  readonly timestamps: boolean;
  readonly wrap: boolean;
}

export const newDocument: DocumentState = {
  ...{ offset: 0, follow: false, search: '', filter: '', timestamps: false, wrap: false },
};

/** A line of a console, and when it came; undefined for what was there before one looked. */
export interface LogLine {
  readonly text: string;
  readonly at: number | undefined;
}

export interface ConsoleLog {
  readonly lines: readonly LogLine[];
  readonly state: 'loading' | 'here' | 'failed';
  readonly failure: string;
}

/** Snapshots of an instance, the oldest first. */
export interface SnapshotList {
  readonly snapshots: readonly Snapshot__Output[];
  /** The one under the cursor. */
  readonly index: number;
  readonly state: 'loading' | 'here' | 'failed';
  readonly failure: string;
}

/** What runs in an instance. */
export interface ProcessList {
  readonly processes: readonly Process__Output[];
  readonly truncated: boolean;
  /** Percent of one processor since they were read before, by the host's number; none the first time. */
  readonly cpu: ReadonlyMap<number, number>;
  /** When they were read, as milliseconds since the epoch. */
  readonly at: number;
  readonly order: ProcessOrder;
  readonly state: 'loading' | 'here' | 'failed';
  readonly failure: string;
}

export const processOrders = ['cpu', 'memory', 'pid'] as const;
export type ProcessOrder = (typeof processOrders)[number];

/** What one instance is, in tabs. */
export interface InstancePage {
  readonly kind: 'instance';
  readonly key: string;
  readonly tab: TabName;
  /** The row under the cursor, in a tab that has one. */
  readonly index: number;
  readonly document: DocumentState;
  readonly log: ConsoleLog;
  readonly snapshots: SnapshotList;
  readonly processes: ProcessList;
}

/** A directory in an instance. */
export interface FilesPage {
  readonly kind: 'files';
  readonly key: string;
  /** Absolute, without a slash at its end but for the root's. */
  readonly path: string;
  readonly entries: readonly FileEntry__Output[];
  readonly index: number;
  /** The name to be under the cursor when the entries are there: of the directory that one comes from. */
  readonly from: string;
  readonly state: 'loading' | 'here' | 'failed';
  readonly failure: string;
}

export function filesPage(key: string, path = '/', from = ''): FilesPage {
  return { kind: 'files', key, path, from, entries: [], index: 0, state: 'loading', failure: '' };
}

/** The page that has a text to scroll, search and filter. */
export type TextPage = Exclude<Page, { kind: 'table' | 'files' }>;

export function isText(page: Page): page is TextPage {
  return page.kind !== 'table' && page.kind !== 'files';
}

export type Page =
  | { readonly kind: 'table'; readonly table: TableName }
  | { readonly kind: 'server'; readonly document: DocumentState }
  | InstancePage
  | FilesPage
  /** A file of an instance, as it was when it was opened. */
  | {
      readonly kind: 'file';
      readonly key: string;
      readonly path: string;
      readonly lines: readonly string[];
      readonly document: DocumentState;
    }
  /** What a pane's terminal has shown so far, as much as it keeps. */
  | {
      readonly kind: 'scrollback';
      readonly id: number;
      readonly key: string;
      readonly lines: readonly Line[];
      readonly document: DocumentState;
    }
  | {
      readonly kind: 'object';
      readonly table: TableName;
      readonly key: string;
      readonly document: DocumentState;
    };

export type PromptKind =
  | ('filter' | 'search' | 'line-filter' | 'run' | 'create' | 'push' | 'snapshot' | 'rename' | 'copy' | 'save')
  | ('rename-snapshot' | 'snapshot-expiry' | 'rename-object');

/** A line that is typed at the bottom of the screen. */
export interface Prompt {
  readonly kind: PromptKind;
  readonly editor: LineEditor;
  /** What was there before, which esc brings back. */
  readonly before: string;
  /** The instance that it is for, even when the cursor is elsewhere by then. */
  readonly subject?: string;
  /** The snapshot of it, the profile or project. */
  readonly object?: string;
}

const emptyLog: ConsoleLog = { lines: [], state: 'loading', failure: '' };
const noSnapshots: SnapshotList = { snapshots: [], index: 0, state: 'loading', failure: '' };

const noProcesses: ProcessList = {
  ...{ processes: [], truncated: false, cpu: new Map(), at: 0, order: 'cpu', state: 'loading', failure: '' },
};

export function instancePage(key: string, tab: TabName = 'overview'): InstancePage {
  const document = { ...newDocument, follow: tab === 'log' };
  const lists = { log: emptyLog, snapshots: noSnapshots, processes: noProcesses };
  return { kind: 'instance', key, tab, index: 0, document, ...lists };
}
