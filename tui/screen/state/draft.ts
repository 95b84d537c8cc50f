import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import { printable } from '../../output/printable.ts';
import { nameOf } from './batches.ts';
import { type State, withNotice } from './state.ts';

export type Options = Readonly<Record<string, string>>;

/**
 * What somebody means to change of an instance, and has not applied yet. It is kept as differences: what others change in
 * between stays as they made it.
 */
export interface Draft {
  /** New values by key; an empty one takes the setting away. */
  readonly config: Options;
  /** New options by device; undefined takes the instance's own device away. */
  readonly devices: Readonly<Record<string, Options | undefined>>;
}

export const noDraft: Draft = { config: {}, devices: {} };

export function draftOf({ drafts }: State, key: string): Draft {
  return drafts.get(key) ?? noDraft;
}

/** The state with another draft; one that changes nothing is none. */
export function withDraft(state: State, key: string, draft: Draft | undefined): State {
  const drafts = new Map(state.drafts);
  const instance = state.data.instances.get(key)?.instance;
  const isEmpty = draft === undefined || (instance !== undefined && differencesOf(instance, draft).length === 0);
  if (isEmpty) drafts.delete(key);
  else drafts.set(key, draft);
  return { ...state, drafts };
}

/** The state after a draft was applied. What was drafted since stays. */
export function withApplied(state: State, key: string, applied: Draft): State {
  const { config, devices } = draftOf(state, key);
  const left = <Value>(now: Readonly<Record<string, Value>>, then: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(now).filter(([name, value]) => then[name] !== value));
  const rest = { config: left(config, applied.config), devices: left(devices, applied.devices) };
  const isDone = Object.keys(rest.config).length === 0 && Object.keys(rest.devices).length === 0;
  return withNotice(withDraft(state, key, isDone ? undefined : rest), 'good', `Changed ${printable(nameOf(key))}`);
}

/** Configuration and devices of its own that the instance would have. */
export function drafted(
  instance: Instance__Output,
  { config, devices }: Draft,
): { readonly config: Options; readonly devices: Readonly<Record<string, Options>> } {
  const own = ownDevices(instance);
  const all = Object.entries({ ...own, ...devices });
  return {
    config: withoutEmpty({ ...instance.config, ...config }),
    devices: Object.fromEntries(all.flatMap(([name, options]) => (options === undefined ? [] : [[name, options]]))),
  };
}

/** Each line that would go (`- `) and each that would come (`+ `). Safe to print. */
export function differencesOf(instance: Instance__Output, draft: Draft): string[] {
  const after = drafted(instance, draft);
  const own = ownDevices(instance);
  return [
    ...linesOf('', withoutEmpty(instance.config), after.config),
    ...Object.keys({ ...own, ...after.devices })
      .sort()
      .flatMap((name) => linesOf(`device ${name}: `, own[name] ?? {}, after.devices[name] ?? {})),
  ];
}

function linesOf(prefix: string, before: Options, after: Options): string[] {
  return Object.keys({ ...before, ...after })
    .sort()
    .filter((key) => before[key] !== after[key])
    .flatMap((key) => [
      ...(before[key] === undefined ? [] : [printable(`- ${prefix}${key}=${before[key]}`)]),
      ...(after[key] === undefined ? [] : [printable(`+ ${prefix}${key}=${after[key]}`)]),
    ]);
}

function ownDevices({ devices }: Instance__Output): Readonly<Record<string, Options>> {
  return Object.fromEntries(Object.entries(devices).map(([name, { options }]) => [name, options]));
}

/** An empty value is the same as none. */
function withoutEmpty(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ''));
}
