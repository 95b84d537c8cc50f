import type { ConfigKey__Output } from '../../../proto/gen/yurt/v1/ConfigKey.ts';
import type { DeviceType__Output } from '../../../proto/gen/yurt/v1/DeviceType.ts';
import type { Image__Output } from '../../../proto/gen/yurt/v1/Image.ts';
import type { Network__Output } from '../../../proto/gen/yurt/v1/Network.ts';
import type { Profile__Output } from '../../../proto/gen/yurt/v1/Profile.ts';
import type { Project__Output } from '../../../proto/gen/yurt/v1/Project.ts';
import type { ProjectResource__Output } from '../../../proto/gen/yurt/v1/ProjectResource.ts';
import type { Recipe__Output } from '../../../proto/gen/yurt/v1/Recipe.ts';
import type { Server__Output } from '../../../proto/gen/yurt/v1/Server.ts';
import type { StoragePool__Output } from '../../../proto/gen/yurt/v1/StoragePool.ts';
import type { ThemeName } from '../frame/theme.ts';
import type { Bindings } from '../keys/bindings.ts';
import type { Batch } from './batches.ts';
import type { Draft } from './draft.ts';
import type { EventRow, OperationRow } from './event-update.ts';
import type { InstanceRow } from './instance-rows.ts';
import type { Overlay } from './overlay.ts';
import type { Page, Prompt } from './page.ts';
import type { Pane } from './panes.ts';
import type { TableState } from './table-state.ts';
import type { TrustRow } from './trust-rows.ts';

/** The lists, each a screen of its own. */
export const tableNames = [
  ...(['instances', 'images', 'profiles', 'networks', 'storage', 'projects'] as const),
  ...(['operations', 'events', 'trust'] as const),
] as const;
export type TableName = (typeof tableNames)[number];

/** The screens that tab goes through. */
export const screenNames = [...tableNames, 'server'] as const;
export type ScreenName = (typeof screenNames)[number];

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The way to the server. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost'; readonly reason: string };

export type Grouping = 'none' | 'project' | 'remote';

/** What another server has that a form may name. */
export interface Offer {
  readonly images: readonly Image__Output[];
  readonly recipes: readonly Recipe__Output[];
  readonly profiles: readonly Profile__Output[];
  readonly networks: readonly Network__Output[];
  readonly pools: readonly StoragePool__Output[];
  readonly projects: readonly Project__Output[];
}

/** What the server has told. Each list by the key of its rows. */
export interface Data {
  readonly instances: ReadonlyMap<string, InstanceRow>;
  readonly images: ReadonlyMap<string, Image__Output>;
  readonly profiles: ReadonlyMap<string, Profile__Output>;
  readonly networks: ReadonlyMap<string, Network__Output>;
  readonly storage: ReadonlyMap<string, StoragePool__Output>;
  readonly projects: ReadonlyMap<string, Project__Output>;
  /** How much of its limits the project uses that was looked at last. */
  readonly usage: { readonly project: string; readonly resources: readonly ProjectResource__Output[] } | undefined;
  readonly operations: ReadonlyMap<string, OperationRow>;
  readonly events: ReadonlyMap<string, EventRow>;
  /** Clients that the server trusts, and tokens for more. */
  readonly trust: ReadonlyMap<string, TrustRow>;
  readonly recipes: readonly Recipe__Output[];
  /** What other servers have, by their names; as it was when a form was opened that offers it. */
  readonly offers: ReadonlyMap<string, Offer>;
  readonly server: Server__Output | undefined;
  /** Its own configuration; undefined for whom it does not tell. */
  readonly serverConfig: Readonly<Record<string, string>> | undefined;
  /** The keys that the configuration of an instance may have, and the types of its devices. */
  readonly configKeys: readonly ConfigKey__Output[];
  readonly deviceTypes: readonly DeviceType__Output[];
  /** Lists that have come at least once: an empty one may be shown as empty. */
  readonly loaded: ReadonlySet<ScreenName>;
  /** Why a list could not be read the last time. */
  readonly failures: Readonly<Partial<Record<ScreenName, string>>>;
}

export interface Notice {
  readonly text: string;
  readonly kind: 'good' | 'bad' | 'info';
  /** When it was made, as `State.now`. */
  readonly at: number;
}

export interface Clock {
  /** Milliseconds since the epoch, as of the last tick. */
  readonly now: number;
  /** Minutes that the clock of whoever looks is ahead of UTC. */
  readonly zone: number;
}

/** From where somebody looks at the lists. */
export interface Perspective extends Clock {
  /** The name of the present server among the remotes. */
  readonly remote: string;
}

/** All that the screen shows follows from this. It changes in `update` alone. */
export interface State extends Perspective {
  readonly size: Size;
  readonly theme: ThemeName;
  readonly bindings: Bindings;
  /** Empty: the default one. */
  readonly project: string;
  /** Whether the list of instances has those of all projects. */
  readonly allProjects: boolean;
  readonly link: Link;
  /** Servers whose instances are shown besides, each with the way to it. */
  readonly others: ReadonlyMap<string, Link>;
  /** Whether the list of instances is in groups, and of what. */
  readonly grouping: Grouping;
  readonly data: Data;
  readonly tables: Readonly<Record<TableName, TableState>>;
  /** What esc goes back through; the last one is shown. The first is a screen. */
  readonly pages: readonly [Page, ...Page[]];
  readonly overlay: Overlay | undefined;
  /** The line at the bottom that is being typed. */
  readonly prompt: Prompt | undefined;
  readonly notice: Notice | undefined;
  readonly batches: readonly Batch[];
  /** What is to be changed of instances and was not applied yet, by their keys. */
  readonly drafts: ReadonlyMap<string, Draft>;
  /** Shells below the page, from the left. */
  readonly panes: readonly Pane[];
  /** The panes that get what is typed; none: the page does. */
  readonly typing: readonly number[];
}

/** How long a notice stays. */
export const noticeMs = 8000;

export function shownPage({ pages }: State): Page {
  return pages.at(-1) ?? pages[0];
}

/** The list that is shown; undefined on other pages. */
export function shownTable(state: State): TableName | undefined {
  const page = shownPage(state);
  return page.kind === 'table' ? page.table : undefined;
}

export function withNotice(state: State, kind: Notice['kind'], text: string): State {
  return { ...state, notice: { text, kind, at: state.now } };
}
