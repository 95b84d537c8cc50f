import type { Form } from '../forms/form.ts';
import type { LineEditor } from '../keys/line-editor.ts';
import type { Effect } from './effect.ts';

/** A box above the page that takes the keys until it is left. */
export type Overlay =
  /** Of the page, or of the box that comes back when it is left. */
  | { readonly kind: 'help'; readonly offset: number; readonly over: Overlay | undefined }
  | {
      readonly kind: 'results';
      readonly title: string;
      readonly lines: readonly string[];
      readonly offset: number;
      /** What is copied of it; all of it without. */
      readonly copied?: string | undefined;
    }
  | { readonly kind: 'palette'; readonly editor: LineEditor; readonly index: number }
  | { readonly kind: 'sort'; readonly index: number }
  | Confirmation
  | { readonly kind: 'form'; readonly form: Form };

export interface Confirmation {
  readonly kind: 'confirm';
  readonly title: string;
  /** Those that begin with `+ ` come, those with `- ` go, where it is a difference. */
  readonly lines: readonly string[];
  readonly isDifference?: boolean;
  /** The first of the lines that is shown. */
  readonly offset?: number;
  /** Must be typed before enter does it; without it, `y` or enter is enough. */
  readonly expected: string | undefined;
  readonly editor: LineEditor;
  /** The word for doing it: `delete`. */
  readonly action: string;
  readonly effect: Effect;
}
