import { printable } from '../../output/printable.ts';
import { type Form, newForm } from '../forms/form.ts';
import { moveForm } from '../forms/instance-forms.ts';
import { launchForm } from '../forms/launch.ts';
import { nameOf, namesOf, type Verb } from '../state/batches.ts';
import { isRunning } from '../state/instance-rows.ts';
import type { Confirmation } from '../state/overlay.ts';
import type { State } from '../state/state.ts';
import { shownTable, withNotice } from '../state/state.ts';
import { addressOf } from '../tables/instances.ts';
import { asking, type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';
import { onInstances, targetInstance, targetInstances } from './targets.ts';

const section = 'Instances';

/** What is done with the instances that are marked, or the one under the cursor. */
export const instanceCommands: readonly Command[] = [
  {
    ...{ id: 'shell', section, keys: ['s'], hint: 'shell', here: onInstances, obstacle: notRunning },
    help: 'Full-screen shell in the instance; exit, or ctrl+] twice, comes back here',
    run: (state) => withOne(state, (key) => asking(state, { kind: 'shell', key })),
  },
  {
    ...{ id: 'console', section, keys: ['c'], here: onInstances, obstacle: notRunning },
    help: 'Attach to the console; ctrl+a q comes back here',
    run: (state) => withOne(state, (key) => asking(state, { kind: 'console', key })),
  },
  {
    ...{ id: 'run', section, keys: ['!'], here: onInstances, obstacle: notRunning },
    help: 'Run one command in the instance',
    run: (state) => withOne(state, (subject) => asked(state, 'run', subject)),
  },
  {
    ...{ id: 'new', section, keys: ['n'], hint: 'new', here: (state) => shownTable(state) === 'instances' },
    help: 'Launch an instance',
    run: (state) => withForm(state, launchForm()),
  },
  {
    ...verbOf('start', 'S', 'Start'),
    hint: 'start',
    obstacle: (state) => noneOf(state, 'is running already', (row) => !isRunning(row.instance)),
  },
  { ...verbOf('stop', 'x', 'Stop cleanly'), hint: 'stop', obstacle: notRunningAny },
  {
    ...{ id: 'kill', section, keys: ['X'], here: onInstances, obstacle: notRunningAny },
    help: 'Stop at once, without asking the system inside',
    run: (state) => {
      const targets = running(state);
      const title = `Kill ${namesOf(targets)}?`;
      return only(
        confirming(state, { title, lines: listed(targets), action: 'kill', effect: verb('stop', targets, true) }),
      );
    },
  },
  { ...verbOf('restart', 'R', 'Restart'), hint: 'restart', obstacle: notRunningAny },
  {
    ...{ id: 'pause', section, keys: ['p'], here: onInstances, obstacle: notRunningAny },
    help: 'Pause; what is paused goes on',
    run: (state) => {
      const rows = targetInstances(state);
      const paused = rows.filter(({ instance }) => instance.status === 'INSTANCE_STATUS_FROZEN').map(({ key }) => key);
      const others = rows.filter(({ instance }) => instance.status === 'INSTANCE_STATUS_RUNNING').map(({ key }) => key);
      return others.length > 0
        ? asking(unmarked(state), verb('pause', others))
        : asking(unmarked(state), verb('resume', paused));
    },
  },
  {
    ...{ id: 'snapshot', section, keys: ['v'], here: onInstances, obstacle: none },
    help: 'Take a snapshot, named as the instance is set up to',
    run: (state) =>
      asking(
        unmarked(state),
        verb(
          'snapshot',
          targetInstances(state).map(({ key }) => key),
        ),
      ),
  },
  {
    ...{ id: 'rename', section, keys: ['m'], here: onInstances, obstacle: notStopped },
    help: 'Give a stopped instance another name',
    run: (state) => withOne(state, (subject) => asked(state, 'rename', subject, nameOf(subject))),
  },
  {
    ...{ id: 'move', section, keys: ['M'], here: onInstances, obstacle: notStopped },
    help: 'Move a stopped instance to another project, under this name or another',
    run: (state) => withOne(state, (key) => withForm(state, moveForm(key))),
  },
  {
    ...{ id: 'publish', section, keys: ['P'], here: onInstances, obstacle: none },
    help: 'Make an image of it',
    run: (state) => withOne(state, (key) => withForm(state, newForm('publish', 'aliases', { subject: { key } }))),
  },
  {
    ...{ id: 'rebuild', section, keys: ['B'], here: onInstances, obstacle: none },
    help: 'Give it the files of an image anew, after a confirmation',
    run: (state) => withOne(state, (key) => withForm(state, newForm('rebuild', 'image', { subject: { key } }))),
  },
  {
    ...{ id: 'copy', section, keys: ['C'], here: onInstances, obstacle: none },
    help: 'Make a copy, with its snapshots; without a name, the server picks one',
    run: (state) => withOne(state, (subject) => asked(state, 'copy', subject)),
  },
  {
    ...{ id: 'edit', section, keys: ['e'], hint: 'edit', here: onInstances, obstacle: none },
    help: 'Edit the configuration with $EDITOR',
    run: (state) =>
      withOne(state, (key) => asking(state, { kind: 'command', words: ['config', 'edit', nameOf(key)], key })),
  },
  {
    ...{ id: 'delete', section, keys: ['D'], hint: 'delete', here: onInstances, obstacle: none },
    help: 'Delete, after a confirmation',
    run: (state) => only(deleting(state)),
  },
  {
    ...{ id: 'copy-address', section, keys: ['y'], here: onInstances },
    help: 'Copy the address to the clipboard (OSC 52)',
    run: copyAddress,
  },
];

function verbOf(verbName: Verb, key: string, help: string): Omit<Command, 'hint' | 'obstacle'> {
  return {
    ...{ id: verbName, section, keys: [key], help, here: onInstances },
    run: (state) => {
      const targets = verbName === 'start' ? stopped(state) : running(state);
      return asking(unmarked(state), verb(verbName, targets));
    },
  };
}

function verb(name: Verb, targets: readonly string[], force = false) {
  return { kind: 'verb', verb: name, targets, force } as const;
}

function deleting(state: State): State {
  const targets = targetInstances(state).map(({ key }) => key);
  const active = running(state);
  const title = `Delete ${namesOf(targets)}?`;
  const lines = [...listed(targets), 'What is in it is lost.'];
  if (active.length === 0)
    return confirming(state, { title, lines, action: 'delete', effect: verb('delete', targets) });
  const expected = targets.length === 1 ? nameOf(targets[0] ?? '') : String(targets.length);
  const running_ = targets.length === 1 ? 'It is running.' : `${active.length} of them are running.`;
  const effect = verb('delete', targets, true);
  return confirming(state, { title, lines: [...lines, running_], action: 'delete', effect, expected });
}

function confirming(
  state: State,
  options: Pick<Confirmation, 'title' | 'lines' | 'action' | 'effect'> & { readonly expected?: string },
): State {
  const { expected, ...rest } = options;
  return { ...state, overlay: { kind: 'confirm', editor: editorOf(), expected, ...rest } };
}

const maxListed = 8;

function listed(targets: readonly string[]): string[] {
  if (targets.length < 2) return [];
  const names = targets.slice(0, maxListed).map(nameOf);
  return [`${names.join(', ')}${targets.length > maxListed ? ', …' : ''}`];
}

/** Marks have served once something was done with them. */
function unmarked(state: State): State {
  const table = state.tables.instances;
  return table.marked.size === 0
    ? state
    : { ...state, tables: { ...state.tables, instances: { ...table, marked: new Set() } } };
}

function running(state: State): string[] {
  return targetInstances(state)
    .filter(({ instance }) => isRunning(instance))
    .map(({ key }) => key);
}

function stopped(state: State): string[] {
  return targetInstances(state)
    .filter(({ instance }) => instance.status !== 'INSTANCE_STATUS_RUNNING')
    .map(({ key }) => key);
}

function none(state: State): string | undefined {
  return targetInstances(state).length === 0 ? 'There is no instance here' : undefined;
}

function noneOf(
  state: State,
  what: string,
  holds: (row: ReturnType<typeof targetInstances>[number]) => boolean,
): string | undefined {
  const rows = targetInstances(state);
  if (rows.length === 0) return 'There is no instance here';
  if (rows.some(holds)) return undefined;
  return rows.length === 1 ? `${printable(rows[0]?.instance.name ?? '')} ${what}` : `Each of them ${what}`;
}

function notRunningAny(state: State): string | undefined {
  return noneOf(state, 'is not running', ({ instance }) => isRunning(instance));
}

function notRunning(state: State): string | undefined {
  const row = targetInstance(state);
  if (row === undefined) return 'There is no instance here';
  if (row.instance.status === 'INSTANCE_STATUS_FROZEN') return `${printable(row.instance.name)} is paused`;
  return isRunning(row.instance) ? undefined : `${printable(row.instance.name)} is not running`;
}

function notStopped(state: State): string | undefined {
  const row = targetInstance(state);
  if (row === undefined) return 'There is no instance here';
  return isRunning(row.instance) ? `${printable(row.instance.name)} is running: stop it first` : undefined;
}

function asked(state: State, kind: 'run' | 'rename' | 'copy', subject: string, text = ''): ReturnType<Command['run']> {
  return only({ ...state, prompt: { kind, subject, editor: editorOf(text), before: '' } });
}

function withForm(state: State, form: Form): ReturnType<Command['run']> {
  return asking({ ...state, overlay: { kind: 'form', form } }, { kind: 'read-offers' });
}

function withOne(state: State, go: (key: string) => ReturnType<Command['run']>): ReturnType<Command['run']> {
  const row = targetInstance(state);
  return row === undefined ? only(state) : go(row.key);
}

function copyAddress(state: State): ReturnType<Command['run']> {
  const row = targetInstance(state);
  if (row === undefined) return only(state);
  const address = addressOf(row.instance, 'inet') || addressOf(row.instance, 'inet6');
  if (address === '') return only(withNotice(state, 'bad', `${printable(row.instance.name)} has no address`));
  return asking(withNotice(state, 'good', `Copied ${printable(address)}`), { kind: 'copy', text: address });
}
