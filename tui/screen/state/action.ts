import type { Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import type { FileEntry__Output } from '../../../proto/gen/yurt/v1/FileEntry.ts';
import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import type { Process__Output } from '../../../proto/gen/yurt/v1/Process.ts';
import type { Snapshot__Output } from '../../../proto/gen/yurt/v1/Snapshot.ts';
import type { LaunchRequest } from '../forms/launch.ts';
import type { Line } from '../frame/line.ts';
import type { KeyPress } from '../keys/key-name.ts';
import type { Draft } from './draft.ts';
import type { Data, Link, Notice, Offer, ScreenName, Size, TableName } from './state.ts';

/** Parts of `Data` that are read as a whole. */
export type Listed = Partial<
  Omit<Data, 'instances' | 'operations' | 'events' | 'offers' | 'loaded' | 'failures' | 'configKeys' | 'deviceTypes'>
>;

/** Everything that may happen. */
export type Action =
  | { readonly type: 'key'; readonly press: KeyPress }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'resize'; readonly size: Size }
  | { readonly type: 'tick'; readonly now: number }
  /** Of another server than the present one with `remote`. */
  | { readonly type: 'link'; readonly link: Link; readonly remote?: string }
  /** Which other servers' instances are to be shown. */
  | { readonly type: 'others'; readonly remotes: readonly string[] }
  | {
      readonly type: 'instances-listed';
      readonly instances: readonly Instance__Output[];
      readonly now: number;
      readonly remote?: string;
      /** They came without configuration and devices: what was known of these still holds. */
      readonly withoutConfig?: boolean;
    }
  | {
      readonly type: 'instance-read';
      readonly key: string;
      /** Undefined: it does not exist any more. */
      readonly instance: Instance__Output | undefined;
      readonly now: number;
    }
  | { readonly type: 'listed'; readonly screen: ScreenName; readonly listed: Listed }
  | {
      readonly type: 'tables-read';
      readonly configKeys: Data['configKeys'];
      readonly deviceTypes: Data['deviceTypes'];
    }
  | { readonly type: 'offered'; readonly remote: string; readonly offer: Offer }
  | { readonly type: 'list-failed'; readonly screen: ScreenName; readonly reason: string }
  | { readonly type: 'event'; readonly event: Event__Output; readonly remote?: string }
  | { readonly type: 'operation'; readonly operation: Operation__Output; readonly remote?: string }
  | { readonly type: 'operations-listed'; readonly operations: readonly Operation__Output[]; readonly remote?: string }
  | {
      readonly type: 'batch-begun';
      readonly id: number;
      readonly doing: string;
      readonly done: string;
      readonly noun?: string;
      readonly targets: readonly string[];
    }
  | {
      readonly type: 'batch-result';
      readonly id: number;
      readonly target: string;
      readonly failure: string | undefined;
    }
  /** `from`: the list that the launch was asked for at. */
  | { readonly type: 'launched'; readonly key: string; readonly from: TableName | undefined }
  | { readonly type: 'launch-refused'; readonly reason: string; readonly request: LaunchRequest }
  /** What is worth reading until a key is pressed. */
  | { readonly type: 'report'; readonly title: string; readonly lines: readonly string[]; readonly copied?: string }
  | { readonly type: 'draft-applied'; readonly key: string; readonly draft: Draft }
  | { readonly type: 'console'; readonly key: string; readonly lines: readonly string[]; readonly now: number }
  | { readonly type: 'console-failed'; readonly key: string; readonly reason: string }
  | {
      readonly type: 'snapshots-listed';
      readonly key: string;
      /** Or why they could not be. */
      readonly snapshots: readonly Snapshot__Output[] | string;
    }
  | {
      readonly type: 'processes-listed';
      readonly key: string;
      readonly now: number;
      /** Or why they could not be. */
      readonly listed: { readonly processes: readonly Process__Output[]; readonly truncated: boolean } | string;
    }
  | {
      readonly type: 'files-listed';
      readonly key: string;
      readonly path: string;
      /** Or why they could not be. */
      readonly entries: readonly FileEntry__Output[] | string;
    }
  | {
      readonly type: 'directory-opened';
      readonly key: string;
      readonly path: string;
      readonly entries: readonly FileEntry__Output[];
    }
  | { readonly type: 'file-read'; readonly key: string; readonly path: string; readonly lines: readonly string[] }
  | { readonly type: 'pane-opened'; readonly id: number; readonly key: string }
  | { readonly type: 'pane-drawn'; readonly id: number; readonly lines: readonly Line[] }
  | { readonly type: 'pane-read'; readonly id: number; readonly key: string; readonly lines: readonly Line[] }
  | { readonly type: 'pane-closed'; readonly id: number }
  | { readonly type: 'panes-typing'; readonly ids: readonly number[] }
  | { readonly type: 'notice'; readonly kind: Notice['kind']; readonly text: string };
