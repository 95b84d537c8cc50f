import { printable } from '../../output/printable.ts';
import { nameOf } from '../state/batches.ts';
import type { Effect, Step } from '../state/effect.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { InstancePage } from '../state/page.ts';
import { withSnapshotCursor } from '../state/snapshots.ts';
import { type State, shownPage } from '../state/state.ts';
import { type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';

const section = 'Snapshots';

/** Keys of the snapshots of an instance. */
export const snapshotCommands: readonly Command[] = [
  move('snapshot-down', ['down', 'j'], 'Down', () => 1),
  move('snapshot-up', ['up', 'k'], 'Up', () => -1),
  move('snapshot-page-down', ['pageDown', 'space'], 'A page down', (height) => height - 1),
  move('snapshot-page-up', ['pageUp'], 'A page up', (height) => 1 - height),
  move('snapshot-top', ['g', 'home'], 'To the oldest', () => Number.NEGATIVE_INFINITY),
  move('snapshot-bottom', ['G', 'end'], 'To the newest', () => Number.POSITIVE_INFINITY),
  {
    ...{ id: 'new-snapshot', section, keys: ['n'], hint: 'new', here: onSnapshots },
    help: 'Take a snapshot; without a name, it is named as the instance is set up to',
    run: (state) => {
      const page = shownPage(state);
      if (page.kind !== 'instance') return only(state);
      return only({ ...state, prompt: { kind: 'snapshot', editor: editorOf(), before: '', subject: page.key } });
    },
  },
  {
    ...{ id: 'restore-snapshot', section, keys: ['r'], hint: 'restore', here: onSnapshots, obstacle: none },
    help: 'Make the instance again what it was, after a confirmation',
    run: (state) =>
      confirming(state, 'restore', ({ key }, name) => ({
        title: `Make ${nameOf(key)} again what it was in ${name}?`,
        lines: ['What has changed in it since then is lost.', 'If it is running, it is killed and started again.'],
        effect: { kind: 'restore-snapshot', key, name },
      })),
  },
  {
    ...{ id: 'rename-snapshot', section, keys: ['m'], hint: 'rename', here: onSnapshots, obstacle: none },
    help: 'Give the snapshot another name',
    run: (state) => prompted(state, 'rename-snapshot'),
  },
  {
    ...{ id: 'snapshot-expiry', section, keys: ['E'], hint: 'expiry', here: onSnapshots, obstacle: none },
    help: 'Say when the snapshot goes away by itself',
    run: (state) => prompted(state, 'snapshot-expiry'),
  },
  {
    ...{ id: 'delete-snapshot', section, keys: ['D'], hint: 'delete', here: onSnapshots, obstacle: none },
    help: 'Delete the snapshot, after a confirmation',
    run: (state) =>
      confirming(state, 'delete', ({ key }, name) => ({
        title: `Delete the snapshot ${name} of ${nameOf(key)}?`,
        lines: [],
        effect: { kind: 'delete-snapshot', key, name },
      })),
  },
];

export function onSnapshots(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' && page.tab === 'snapshots';
}

function move(id: string, keys: readonly string[], help: string, step: (height: number) => number): Command {
  return {
    ...{ id, section: 'Move', keys, help, here: onSnapshots },
    run: (state) => {
      const page = shownPage(state);
      return only(page.kind === 'instance' ? withSnapshotCursor(state, page.key, step(bodyHeight(state) - 1)) : state);
    },
  };
}

function nameUnderCursor({ snapshots: { snapshots, index } }: InstancePage): string | undefined {
  return snapshots[index]?.name;
}

function none(state: State): string | undefined {
  const page = shownPage(state);
  return page.kind === 'instance' && nameUnderCursor(page) !== undefined ? undefined : 'There is no snapshot here';
}

function prompted(state: State, kind: 'rename-snapshot' | 'snapshot-expiry'): Step<State> {
  const page = shownPage(state);
  const object = page.kind === 'instance' ? nameUnderCursor(page) : undefined;
  if (page.kind !== 'instance' || object === undefined) return only(state);
  const editor = editorOf(kind === 'rename-snapshot' ? object : '');
  return only({ ...state, prompt: { kind, editor, before: '', subject: page.key, object } });
}

function confirming(
  state: State,
  action: string,
  ask: (page: InstancePage, name: string) => { title: string; lines: readonly string[]; effect: Effect },
): Step<State> {
  const page = shownPage(state);
  const name = page.kind === 'instance' ? nameUnderCursor(page) : undefined;
  if (page.kind !== 'instance' || name === undefined) return only(state);
  const { title, lines, effect } = ask(page, name);
  const overlay = { kind: 'confirm', expected: undefined, editor: editorOf(), action } as const;
  return only({ ...state, overlay: { ...overlay, title: printable(title), lines, effect } });
}
