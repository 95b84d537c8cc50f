import type { State } from './state.ts';

export const verbs = ['start', 'stop', 'restart', 'pause', 'resume', 'snapshot', 'delete'] as const;
export type Verb = (typeof verbs)[number];

/** One action upon one or more objects, each with its own result. */
export interface Batch {
  readonly id: number;
  /** `Stopping`. */
  readonly doing: string;
  /** `Stopped`. */
  readonly done: string;
  /** What several of them are: `instances`. */
  readonly noun?: string;
  readonly targets: readonly string[];
  readonly ended: readonly { readonly target: string; readonly failure: string | undefined }[];
}

export const verbWords: Readonly<Record<Verb, { readonly doing: string; readonly done: string }>> = {
  start: { doing: 'Starting', done: 'Started' },
  stop: { doing: 'Stopping', done: 'Stopped' },
  restart: { doing: 'Restarting', done: 'Restarted' },
  pause: { doing: 'Pausing', done: 'Paused' },
  resume: { doing: 'Resuming', done: 'Resumed' },
  snapshot: { doing: 'Taking a snapshot of', done: 'Took a snapshot of' },
  delete: { doing: 'Deleting', done: 'Deleted' },
};

/** `default/web` as people say it. */
export function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** One name, or how many: `web`, `12 instances`. */
export function namesOf(keys: readonly string[], noun = 'instances'): string {
  return keys.length === 1 ? nameOf(keys[0] ?? '') : `${keys.length} ${noun}`;
}

/** The state after one of a batch's targets has come to its end; a batch that is through becomes a notice. */
export function withResult(state: State, id: number, target: string, failure: string | undefined): State {
  const before = state.batches.find((batch) => batch.id === id);
  if (before === undefined) return state;
  const batch = { ...before, ended: [...before.ended, { target, failure }] };
  if (batch.ended.length < batch.targets.length) {
    return { ...state, batches: state.batches.map((one) => (one.id === id ? batch : one)) };
  }
  return summed({ ...state, batches: state.batches.filter((one) => one.id !== id) }, batch);
}

function summed(state: State, { ended, targets, done, noun }: Batch): State {
  const failed = ended.filter(({ failure }) => failure !== undefined);
  const first = failed[0];
  if (first === undefined) {
    return { ...state, notice: { kind: 'good', at: state.now, text: `${done} ${namesOf(targets, noun)}` } };
  }
  const text =
    targets.length === 1 ? (first.failure ?? '') : `${done} ${targets.length - failed.length} of ${targets.length}`;
  const notice = { kind: 'bad', at: state.now, text } as const;
  if (targets.length === 1) return { ...state, notice };
  const lines = failed.map(({ target, failure }) => `${nameOf(target)}: ${failure}`);
  // What somebody is in the middle of is not taken away from them.
  if (state.overlay !== undefined) return { ...state, notice };
  return { ...state, notice, overlay: { kind: 'results', title: text, lines, offset: 0 } };
}
