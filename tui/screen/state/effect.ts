import type { LaunchRequest } from '../forms/launch.ts';
import type { Verb } from './batches.ts';

import type { Draft } from './draft.ts';

/** Kinds of objects that need no more than a name to begin with. */
export type Creatable = 'profiles' | 'projects';

/** What `update` wants to be done outside of the state. `effects/` does it, and tells of it by actions. */
export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'redraw' }
  /** Full-screen, with the terminal for itself. */
  | { readonly kind: 'shell'; readonly key: string }
  | { readonly kind: 'console'; readonly key: string }
  /** Another command of yurt, with the terminal for itself; what it has changed is read afterwards. */
  | { readonly kind: 'command'; readonly words: readonly string[]; readonly key?: string }
  | { readonly kind: 'open-panes'; readonly keys: readonly string[] }
  | { readonly kind: 'type-to-panes'; readonly ids: readonly number[] }
  /** All that the terminal of a pane keeps is to be looked at. */
  | { readonly kind: 'read-pane'; readonly id: number }
  | { readonly kind: 'close-panes'; readonly ids: readonly number[] }
  | { readonly kind: 'save-text'; readonly path: string; readonly text: string }
  | { readonly kind: 'list-files'; readonly key: string; readonly path: string }
  | { readonly kind: 'read-file'; readonly key: string; readonly path: string }
  | { readonly kind: 'delete-files'; readonly key: string; readonly path: string; readonly name: string }
  | { readonly kind: 'create'; readonly what: Creatable | 'trust'; readonly name: string }
  | { readonly kind: 'delete-objects'; readonly what: Creatable; readonly names: readonly string[] }
  | { readonly kind: 'run'; readonly key: string; readonly command: string }
  | {
      readonly kind: 'verb';
      readonly verb: Verb;
      readonly targets: readonly string[];
      readonly force: boolean;
    }
  /** With an empty name the server picks one, for this and the next. */
  | { readonly kind: 'copy-instance'; readonly key: string; readonly name: string }
  | { readonly kind: 'move'; readonly key: string; readonly name: string; readonly project: string }
  | { readonly kind: 'rebuild'; readonly key: string; readonly image: string; readonly force: boolean }
  | {
      readonly kind: 'publish';
      readonly key: string;
      readonly aliases: readonly string[];
      readonly reuse: boolean;
      readonly force: boolean;
    }
  /** The differences that were shown, upon the content with this tag and no other. */
  | { readonly kind: 'apply-draft'; readonly key: string; readonly draft: Draft; readonly etag: string }
  | { readonly kind: 'rename-object'; readonly what: Creatable | 'trust'; readonly from: string; readonly to: string }
  | { readonly kind: 'rename-snapshot'; readonly key: string; readonly name: string; readonly to: string }
  | { readonly kind: 'snapshot-expiry'; readonly key: string; readonly name: string; readonly expiry: string }
  | { readonly kind: 'build-image'; readonly image: string; readonly aliases: readonly string[] }
  | {
      readonly kind: 'create-token';
      readonly name: string;
      readonly restricted: boolean;
      readonly projects: readonly string[];
      readonly groups: readonly string[];
    }
  | { readonly kind: 'delete-trust'; readonly keys: readonly string[] }
  /** Shows the instances of these servers besides those of the present one. */
  | { readonly kind: 'follow-remotes'; readonly follow: boolean }
  | { readonly kind: 'create-snapshot'; readonly key: string; readonly name: string }
  | { readonly kind: 'restore-snapshot' | 'delete-snapshot'; readonly key: string; readonly name: string }
  | { readonly kind: 'delete-images'; readonly fingerprints: readonly string[] }
  /** On the present server with an empty name. */
  | { readonly kind: 'cancel-operation'; readonly id: string; readonly remote: string }
  /** What other servers have is to be offered. */
  | { readonly kind: 'read-offers' }
  | { readonly kind: 'launch'; readonly request: LaunchRequest }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'refresh' };

export interface Step<State> {
  readonly state: State;
  readonly effects: readonly Effect[];
}
