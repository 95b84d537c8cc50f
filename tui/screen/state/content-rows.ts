import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import { type Draft, drafted, draftOf, type Options } from './draft.ts';
import type { InstancePage } from './page.ts';
import type { State } from './state.ts';

/** A setting or a device of an instance as it would be, with what was drafted. */
export interface ContentRow<Value> {
  readonly name: string;
  readonly value: Value;
  /** Where it comes from: of the instance's own, or one of its profiles. */
  readonly isOwn: boolean;
  /** How it differs from what is in force. */
  readonly change: 'new' | 'changed' | 'removed' | undefined;
}

export function configRows(instance: Instance__Output, draft: Draft): ContentRow<string>[] {
  return rowsOf(instance.expandedConfig, instance.config, drafted(instance, draft).config, (a, b) => a === b);
}

export function deviceRows(instance: Instance__Output, draft: Draft): ContentRow<Options>[] {
  const optionsOf = (devices: Instance__Output['devices']) =>
    Object.fromEntries(Object.entries(devices).map(([name, { options }]) => [name, options]));
  return rowsOf<Options>(
    optionsOf(instance.expandedDevices),
    optionsOf(instance.devices),
    drafted(instance, draft).devices,
    (a, b) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort()),
  );
}

/** How many rows the tab that is shown has; 0 for one without a cursor. */
export function contentCount(state: State, { key, tab }: InstancePage): number {
  const instance = state.data.instances.get(key)?.instance;
  if (instance === undefined) return 0;
  if (tab === 'config') return configRows(instance, draftOf(state, key)).length;
  return tab === 'devices' ? deviceRows(instance, draftOf(state, key)).length : 0;
}

/** The page with the cursor `step` rows further. */
export function withContentCursor(state: State, page: InstancePage, step: number): State {
  const index = Math.max(0, Math.min(contentCount(state, page) - 1, page.index + step));
  const [first, ...others] = state.pages;
  const next = { ...page, index };
  return { ...state, pages: others.length === 0 ? [next] : [first, ...others.slice(0, -1), next] };
}

function rowsOf<Value>(
  expanded: Readonly<Record<string, Value>>,
  own: Readonly<Record<string, Value>>,
  after: Readonly<Record<string, Value>>,
  isSame: (a: Value, b: Value) => boolean,
): ContentRow<Value>[] {
  const names = Object.keys({ ...expanded, ...own, ...after }).sort();
  return names.flatMap((name): ContentRow<Value>[] => {
    const [before, now] = [own[name], after[name]];
    if (now !== undefined) {
      const change = before === undefined ? 'new' : isSame(before, now) ? undefined : 'changed';
      return [{ name, value: now, isOwn: true, change }];
    }
    if (before !== undefined) return [{ name, value: before, isOwn: true, change: 'removed' }];
    const inherited = expanded[name];
    return inherited === undefined ? [] : [{ name, value: inherited, isOwn: false, change: undefined }];
  });
}
