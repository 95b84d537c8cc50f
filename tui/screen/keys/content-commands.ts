import { printable } from '../../output/printable.ts';
import { deviceForm } from '../forms/content-forms.ts';
import { newForm } from '../forms/form.ts';
import { nameOf } from '../state/batches.ts';
import { configRows, deviceRows, withContentCursor } from '../state/content-rows.ts';
import { differencesOf, draftOf, withDraft } from '../state/draft.ts';
import type { Step } from '../state/effect.ts';
import { bodyHeight } from '../state/geometry.ts';
import type { InstanceRow } from '../state/instance-rows.ts';
import type { InstancePage } from '../state/page.ts';
import { type State, shownPage, withNotice } from '../state/state.ts';
import { keyWord } from '../views/key-word.ts';
import { type Command, only } from './command.ts';
import { editorOf } from './line-editor.ts';

const section = 'Configuration';

/** Keys of the configuration and of the devices of an instance: changes are gathered, shown, and applied at once. */
export const contentCommands: readonly Command[] = [
  move('content-down', ['down', 'j'], 'Down', () => 1),
  move('content-up', ['up', 'k'], 'Up', () => -1),
  move('content-page-down', ['pageDown', 'space'], 'A page down', (height) => height - 1),
  move('content-page-up', ['pageUp'], 'A page up', (height) => 1 - height),
  move('content-top', ['g', 'home'], 'To the first', () => Number.NEGATIVE_INFINITY),
  move('content-bottom', ['G', 'end'], 'To the last', () => Number.POSITIVE_INFINITY),
  {
    ...{ id: 'change', section, keys: ['enter'], hint: 'change', here: onContent },
    help: 'Change what is under the cursor; what a profile brings is overridden',
    run: (state) => withPage(state, changing),
  },
  {
    ...{ id: 'new-setting', section, keys: ['n'], hint: 'new', here: onContent },
    help: 'Set another key, or add a device',
    run: (state) =>
      withPage(state, (before, { key }, { tab }) => {
        const subject = { key };
        const form = tab === 'devices' ? deviceForm(before.data, key) : newForm('setting', 'key', { subject });
        return only({ ...before, overlay: { kind: 'form', form } });
      }),
  },
  {
    ...{ id: 'remove-setting', section, keys: ['D'], hint: 'remove', here: onContent },
    help: 'Take it away, or leave it after all',
    run: (state) => withPage(state, removing),
  },
  {
    ...{ id: 'apply', section, keys: ['ctrl+s'], hint: 'apply', here: onContent, obstacle: nothingDrafted },
    help: 'Show what would change, and apply it after a confirmation',
    run: (state) => withPage(state, applying),
  },
  {
    ...{ id: 'discard', section, keys: ['u'], hint: 'undo all', here: onContent, obstacle: nothingDrafted },
    help: 'Forget what was changed here and not applied',
    run: (state) => withPage(state, (before, { key }) => only(withDraft(before, key, undefined))),
  },
];

export function onContent(state: State): boolean {
  const page = shownPage(state);
  return page.kind === 'instance' && (page.tab === 'config' || page.tab === 'devices');
}

function move(id: string, keys: readonly string[], help: string, step: (height: number) => number): Command {
  return {
    ...{ id, section: 'Move', keys, help, here: onContent },
    run: (state) => {
      const page = shownPage(state);
      return only(page.kind === 'instance' ? withContentCursor(state, page, step(bodyHeight(state))) : state);
    },
  };
}

function withPage(state: State, use: (state: State, row: InstanceRow, page: InstancePage) => Step<State>): Step<State> {
  const page = shownPage(state);
  const row = page.kind === 'instance' ? state.data.instances.get(page.key) : undefined;
  if (page.kind !== 'instance' || row === undefined) {
    return only(withNotice(state, 'bad', 'The instance does not exist any more'));
  }
  return use(state, row, page);
}

function changing(state: State, { key, instance }: InstanceRow, { tab, index }: InstancePage): Step<State> {
  const draft = draftOf(state, key);
  if (tab === 'devices') {
    const device = deviceRows(instance, draft)[index];
    if (device === undefined) return nothingHere(state);
    const form = deviceForm(state.data, key, device.name, device.value);
    return only({ ...state, overlay: { kind: 'form', form } });
  }
  const setting = configRows(instance, draft)[index];
  if (setting === undefined) return nothingHere(state);
  if (isKept(setting.name)) return refused(state, setting.name);
  const subject = { key, name: setting.name };
  const form = newForm('setting', 'value', { subject, texts: { value: setting.value } });
  return only({ ...state, overlay: { kind: 'form', form } });
}

function removing(state: State, { key, instance }: InstanceRow, { tab, index }: InstancePage): Step<State> {
  const draft = draftOf(state, key);
  const row = (tab === 'devices' ? deviceRows(instance, draft) : configRows(instance, draft))[index];
  if (row === undefined) return nothingHere(state);
  const { name } = row;
  if (tab === 'config' && isKept(name)) return refused(state, name);
  if (!row.isOwn) {
    return only(
      withNotice(
        state,
        'bad',
        `${printable(name)} comes from a profile: ${keyWord(state.bindings, 'change')} overrides it here`,
      ),
    );
  }
  if (tab === 'devices') {
    const { [name]: _drafted, ...others } = draft.devices;
    const gone = Object.hasOwn(instance.devices, name) ? { [name]: undefined } : {};
    const devices = row.change === 'removed' ? others : { ...others, ...gone };
    return only(withDraft(state, key, { ...draft, devices }));
  }
  const { [name]: _drafted, ...others } = draft.config;
  const gone = Object.hasOwn(instance.config, name) ? { [name]: '' } : {};
  const config = row.change === 'removed' ? others : { ...others, ...gone };
  return only(withDraft(state, key, { ...draft, config }));
}

function applying(state: State, { key, instance }: InstanceRow): Step<State> {
  const draft = draftOf(state, key);
  const name = printable(nameOf(key));
  const overlay = { kind: 'confirm', title: `Change ${name} so?`, expected: undefined, editor: editorOf() } as const;
  return only({
    ...state,
    overlay: {
      ...{ ...overlay, lines: differencesOf(instance, draft), isDifference: true, action: 'apply' },
      effect: { kind: 'apply-draft', key, draft, etag: instance.etag },
    },
  });
}

function nothingDrafted(state: State): string | undefined {
  const page = shownPage(state);
  return page.kind === 'instance' && state.drafts.has(page.key) ? undefined : 'Nothing was changed here';
}

function nothingHere(state: State): Step<State> {
  return only(withNotice(state, 'bad', 'There is nothing here'));
}

/** Keys that are yurt's own memory. */
function isKept(name: string): boolean {
  return name.startsWith('volatile.');
}

function refused(state: State, name: string): Step<State> {
  return only(withNotice(state, 'bad', `${printable(name)} is what yurt itself remembers: nobody changes it`));
}
