import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import { textOf } from '../frame/line.ts';
import { type State, shownPage } from '../state/state.ts';
import { update } from '../state/update.ts';
import { complete } from '../testing/complete.ts';
import { sampleNow, sampleState, typed } from '../testing/sample-states.ts';
import { frameLines } from '../views/frame.ts';

const state = sampleState({ columns: 80, rows: 24 });
const text = (one: State) => frameLines(one).map(textOf).join('\n');
const entered = (one: State) => update(one, { type: 'key', press: { key: 'enter', text: '' } }).effects;

function renamed(before: State, from: string, to: string): State {
  const lifecycle = { action: 'instance-renamed', source: `instance/${to}`, context: { old_name: from } };
  const event = complete<Event__Output>('Event', { cursor: 'a-9', project: 'default', lifecycle });
  return update(before, { type: 'event', event }).state;
}

describe('another name for an instance', () => {
  it('is typed over the present one, and asked for only when it is another', () => {
    assert.deepEqual(entered(typed(state, 'm', 'text:er')), [
      { kind: 'move', key: 'default/build', name: 'builder', project: 'default' },
    ]);
    assert.deepEqual(entered(typed(state, 'm')), []);
    assert.deepEqual(entered(typed(state, 'm', 'ctrl+u')), []);
  });

  it('is refused to one that runs', () => {
    assert.match(text(typed(state, 'G', 'm')), /web10 is running: stop it first/);
  });

  it('is for the instance that was under the cursor, whatever goes away meanwhile', () => {
    const asked = typed(state, 'm', 'text:er');
    const gone = update(asked, { type: 'instance-read', key: 'default/build', instance: undefined, now: sampleNow });
    assert.deepEqual(entered(gone.state), [
      { kind: 'move', key: 'default/build', name: 'builder', project: 'default' },
    ]);
  });

  it('leaves cursor, marks and page with it', () => {
    const after = renamed(typed(state, 'space', 'g', 'enter'), 'build', 'zoo');
    const page = shownPage(after);
    assert.equal(page.kind === 'instance' ? page.key : '', 'default/zoo');
    assert.doesNotMatch(text(after), /does not exist/);
    const list = typed(after, 'escape');
    assert.match(text(list), /▸\*zoo +Stopped/);
    assert.doesNotMatch(text(list), /build +Stopped/);
  });

  it('of an instance that is not known changes nothing', () => {
    assert.equal(renamed(state, 'unknown', 'zoo').data.instances, state.data.instances);
  });
});

describe('the command that a form shows', () => {
  const shown = (one: State) => / \$ (yurt .*?) *│/.exec(text(one))?.[1];
  const sample = state.data.instances.get('default/build');
  const elsewhere = update(update(state, { type: 'others', remotes: ['office'] }).state, {
    type: 'instances-listed',
    instances: sample ? [{ ...sample.instance, name: 'mail' }] : [],
    now: sampleNow,
    remote: 'office',
  }).state;
  const atMail = typed(elsewhere, '/', 'text:mail', 'enter');

  it('is there once it does something, and has nothing that stays as it is', () => {
    const form = typed(state, 'M');
    assert.equal(shown(form), undefined);
    assert.equal(shown(typed(form, 'ctrl+u')), undefined);
    assert.equal(shown(typed(form, 'text:er')), 'yurt move build builder');
    assert.equal(shown(typed(form, 'down', 'ctrl+u', 'text:lab')), 'yurt move build --target-project lab');
  });

  it('is for the server and the project of the instance', () => {
    assert.equal(shown(typed(atMail, 'M', 'text:er')), 'yurt move office:mail office:mailer --project default');
    assert.equal(shown(typed(atMail, 'P')), 'yurt publish office:mail --project default');
    assert.equal(shown(typed({ ...state, project: 'lab' }, 'P')), 'yurt publish build --project default');
  });

  it('interrupts what runs where the form would', () => {
    assert.equal(shown(typed(state, 'B', 'text:tiny')), 'yurt rebuild tiny build');
    assert.equal(shown(typed(state, 'G', 'B', 'text:tiny')), 'yurt rebuild tiny web10 --force');
  });
});

describe('a copy of an instance', () => {
  it('has the name that is typed, or one that the server picks', () => {
    const key = 'default/web10';
    assert.deepEqual(entered(typed(state, 'G', 'C', 'text:web11')), [{ kind: 'copy-instance', key, name: 'web11' }]);
    assert.deepEqual(entered(typed(state, 'G', 'C')), [{ kind: 'copy-instance', key, name: '' }]);
  });
});
