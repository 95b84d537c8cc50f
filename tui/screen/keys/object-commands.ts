import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import { hasEnded } from '../../client/operation.ts';
import { printable } from '../../output/printable.ts';
import { newForm } from '../forms/form.ts';
import { launchForm } from '../forms/launch.ts';
import { nameOf } from '../state/batches.ts';
import type { Creatable, Effect } from '../state/effect.ts';
import type { OperationRow } from '../state/event-update.ts';
import { type State, shownPage, shownTable, type TableName, withNotice } from '../state/state.ts';
import { chosen, unmarked } from '../state/table-state.ts';
import type { TrustRow } from '../state/trust-rows.ts';
import { asking, type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';
import { withTable } from './list-commands.ts';
import { atScreen } from './screen-commands.ts';

const section = 'Lists';

/** What can be done with objects that are no instances. */
export const objectCommands: readonly Command[] = [
  {
    ...{ id: 'launch-image', section, keys: ['n'], hint: 'launch', here: on('images') },
    help: 'Launch an instance from the image under the cursor',
    run: (state) =>
      asking(
        { ...state, overlay: { kind: 'form', form: launchForm(imageUnderCursor(state)) } },
        { kind: 'read-offers' },
      ),
  },
  {
    ...{ id: 'delete-image', section, keys: ['D'], hint: 'delete', here: on('images'), obstacle: nothingIn('images') },
    help: 'Delete images',
    run: (state) => {
      const fingerprints = chosen(state.tables.images);
      const names = fingerprints.map((one) => state.data.images.get(one)?.aliases[0]?.name ?? one.slice(0, 12));
      return only(confirming(state, 'image', names, { kind: 'delete-images', fingerprints }));
    },
  },
  {
    ...{ id: 'build-image', section, keys: ['b'], hint: 'build', here: on('images') },
    help: 'Build an image from a recipe',
    run: (state) => only({ ...state, overlay: { kind: 'form', form: newForm('build-image', 'image') } }),
  },
  ...objectsWithNames('profiles', 'profile'),
  ...objectsWithNames('projects', 'project'),
  {
    ...{ id: 'switch-project', section, keys: ['s'], hint: 'switch to', here: on('projects') },
    help: 'Show what is in the project under the cursor from now on',
    obstacle: nothingIn('projects'),
    run: (state) => {
      const project = state.tables.projects.cursor ?? '';
      const instances = new Map([...state.data.instances].filter(([, row]) => row.remote !== ''));
      const data = { ...state.data, instances, images: new Map(), profiles: new Map() };
      const switched = { ...state, project, data: { ...data, networks: new Map() } };
      return asking(withNotice(atScreen(switched, 'instances'), 'info', `Project ${project}`), { kind: 'refresh' });
    },
  },
  {
    ...{ id: 'cancel', section, keys: ['x'], hint: 'cancel', here: onObject('operations'), obstacle: notCancelable },
    help: 'Cancel the operation, or all that are marked',
    run: (state) => {
      const cancelable = chosenOperations(state).filter(({ operation }) => obstacleOf(operation) === undefined);
      const ids = cancelable.map(({ operation: { id }, remote }) => ({ id, remote }));
      return asking(withTable(state, unmarked), ...ids.map((one) => ({ kind: 'cancel-operation', ...one }) as const));
    },
  },
  {
    ...{ id: 'new-token', section, keys: ['n'], hint: 'new', here: on('trust') },
    help: 'Make a token that lets a client in',
    run: (state) => only({ ...state, overlay: { kind: 'form', form: newForm('token', 'name') } }),
  },
  {
    ...{ id: 'new-group', section, keys: ['N'], hint: 'new group', here: on('trust') },
    help: 'Make a group that says what clients may do',
    run: (state) => only({ ...state, prompt: { kind: 'create', editor: editorOf(), before: '' } }),
  },
  {
    ...{ id: 'edit-client', section, keys: ['e'], hint: 'edit', here: onObject('trust'), obstacle: noClient },
    help: 'Edit what a client or a group may do with $EDITOR',
    run: (state) =>
      asking(state, {
        kind: 'command',
        words: [...(isGroup(state) ? ['auth', 'group'] : ['config', 'trust']), 'edit', nameUnderCursor(state, 'trust')],
      }),
  },
  {
    ...{ id: 'rename-group', section, keys: ['m'], here: on('trust'), obstacle: noGroup },
    help: 'Give the group another name',
    run: (state) => {
      const object = nameUnderCursor(state, 'trust');
      return only({ ...state, prompt: { kind: 'rename-object', editor: editorOf(object), before: '', object } });
    },
  },
  {
    ...{ id: 'delete-client', section, keys: ['D'], hint: 'delete', here: on('trust'), obstacle: nothingIn('trust') },
    help: 'Trust a client no more, take a token back, delete a group',
    run: (state) => {
      const keys = chosen(state.tables.trust);
      const kinds = new Set(keys.map((key) => key.slice(0, key.indexOf('/'))));
      const [kind = ''] = kinds;
      const names = keys.map((key) => printable(kinds.size === 1 ? nameOf(key) : key.replace('/', ' ')));
      return only(confirming(state, kinds.size === 1 ? kind : '', names, { kind: 'delete-trust', keys }));
    },
  },
  {
    ...{ id: 'edit-server', section, keys: ['e'], hint: 'edit', here: ({ pages }) => pages.at(-1)?.kind === 'server' },
    help: 'Edit the configuration of the server with $EDITOR',
    run: (state) => asking(state, { kind: 'command', words: ['config', 'edit'] }),
  },
];

/** New, edit and delete for objects that need no more than a name to begin with. */
function objectsWithNames(what: Creatable, noun: string): readonly Command[] {
  return [
    {
      ...{ id: `new-${noun}`, section, keys: ['n'], hint: 'new', here: on(what) },
      help: `Create a ${noun}`,
      run: (state) => only({ ...state, prompt: { kind: 'create', editor: editorOf(), before: '' } }),
    },
    {
      ...{ id: `edit-${noun}`, section, keys: ['e'], hint: 'edit', here: onObject(what), obstacle: nothingIn(what) },
      help: `Edit the ${noun} with $EDITOR`,
      run: (state) => asking(state, { kind: 'command', words: [noun, 'edit', nameUnderCursor(state, what)] }),
    },
    {
      ...{ id: `rename-${noun}`, section, keys: ['m'], hint: 'rename', here: on(what), obstacle: nothingIn(what) },
      help: `Give the ${noun} another name`,
      run: (state) => {
        const object = nameUnderCursor(state, what);
        return only({ ...state, prompt: { kind: 'rename-object', editor: editorOf(object), before: '', object } });
      },
    },
    {
      ...{ id: `delete-${noun}`, section, keys: ['D'], hint: 'delete', here: on(what), obstacle: nothingIn(what) },
      help: `Delete ${noun}s that are not in use`,
      run: (state) => {
        const names = chosen(state.tables[what]).map((key) => key.slice(key.indexOf('/') + 1));
        return only(confirming(state, noun, names, { kind: 'delete-objects', what, names }));
      },
    },
  ];
}

function on(table: TableName): Command['here'] {
  return (state) => shownTable(state) === table;
}

/** On the list, or on the page of one of its objects. */
function onObject(table: TableName): Command['here'] {
  return (state) => {
    const page = shownPage(state);
    return (page.kind === 'table' || page.kind === 'object') && page.table === table;
  };
}

function trustUnderCursor(state: State): TrustRow | undefined {
  const page = shownPage(state);
  return state.data.trust.get((page.kind === 'object' ? page.key : state.tables.trust.cursor) ?? '');
}

function isGroup(state: State): boolean {
  const row = trustUnderCursor(state);
  return row !== undefined && 'group' in row;
}

function noGroup(state: State): string | undefined {
  return isGroup(state) ? undefined : 'There is no group here: only groups are given other names';
}

function noClient(state: State): string | undefined {
  const row = trustUnderCursor(state);
  if (row === undefined) return 'There is nothing here';
  return 'token' in row ? 'A token is not edited: delete it, and make another' : undefined;
}

function nothingIn(table: TableName): (state: State) => string | undefined {
  return (state) => (state.tables[table].cursor === undefined ? 'There is nothing here' : undefined);
}

function nameUnderCursor(state: State, table: TableName): string {
  const page = shownPage(state);
  const key = page.kind === 'object' ? page.key : (state.tables[table].cursor ?? '');
  return key.slice(key.indexOf('/') + 1);
}

function imageUnderCursor(state: State): string {
  const image = state.data.images.get(state.tables.images.cursor ?? '');
  return image?.aliases[0]?.name ?? image?.fingerprint.slice(0, 12) ?? '';
}

const maxListed = 8;

/** An empty noun: they are of several kinds, which their names say. */
function confirming(state: State, noun: string, names: readonly string[], effect: Effect): State {
  const several = noun === '' ? `these ${names.length}` : `${names.length} ${noun}s`;
  const title = names.length === 1 ? `Delete the ${noun} ${names[0]}?` : `Delete ${several}?`;
  const lines = names.length === 1 ? [] : [names.slice(0, maxListed).join(', ')];
  const overlay = { kind: 'confirm', title, lines, expected: undefined, editor: editorOf(), action: 'delete' } as const;
  return { ...state, overlay: { ...overlay, effect } };
}

function chosenOperations(state: State): readonly OperationRow[] {
  const page = shownPage(state);
  const keys = page.kind === 'object' ? [page.key] : chosen(state.tables.operations);
  return keys.flatMap((key) => state.data.operations.get(key) ?? []);
}

function notCancelable(state: State): string | undefined {
  const operations = chosenOperations(state);
  if (operations.length === 0) return 'There is no operation here';
  const obstacles = operations.map(({ operation }) => obstacleOf(operation));
  return obstacles.every((one) => one !== undefined) ? obstacles[0] : undefined;
}

function obstacleOf(operation: Operation__Output): string | undefined {
  if (hasEnded(operation)) return 'It has ended';
  return operation.cancelable ? undefined : 'It cannot be canceled';
}
