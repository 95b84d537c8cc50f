import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf } from '../frame/line.ts';
import { sampleInstances, sampleNow, sampleState, typed } from '../testing/sample-states.ts';
import { frameLines } from '../views/frame.ts';
import { instancePage } from './page.ts';
import type { State } from './state.ts';
import { update } from './update.ts';

const key = 'default/web1';
const sample = sampleState({ columns: 80, rows: 24 });
const at = (tab: 'config' | 'devices'): State => ({ ...sample, pages: [...sample.pages, instancePage(key, tab)] });
const text = (state: State) => frameLines(state).map(textOf).join('\n');
const press = (state: State, name: string) => update(state, { type: 'key', press: { key: name, text: '' } });

/** `limits.memory` changed, `boot.autostart` added. */
const changed = typed(
  ...[at('config'), 'enter', 'ctrl+u', 'text:2GiB', 'ctrl+s', 'n', 'text:boot.auto', 'tab', 'down', 'text:true'],
  'ctrl+s',
);

describe('a change of the configuration', () => {
  it('is shown as a difference, and applied as it was shown', () => {
    const asked = press(changed, 'ctrl+s');
    assert.deepEqual(asked.effects, []);
    assert.match(text(asked.state), /\+ boot\.autostart=true\s/);
    assert.match(text(asked.state), /- limits\.memory=1024MiB\s/);
    assert.match(text(asked.state), /\+ limits\.memory=2GiB\s/);
    const draft = { config: { 'limits.memory': '2GiB', 'boot.autostart': 'true' }, devices: {} };
    assert.deepEqual(press(asked.state, 'y').effects, [{ kind: 'apply-draft', key, draft, etag: '' }]);
    assert.deepEqual(press(asked.state, 'n').effects, []);
    assert.equal(press(asked.state, 'n').state.drafts.size, 1);
  });

  it('is refused while it is typed when the table of keys knows better', () => {
    const setting = (name: string, value: string) =>
      text(typed(at('config'), 'n', `text:${name}`, 'down', `text:${value}`, 'ctrl+s'));
    assert.match(setting('limits.memry', '1GiB'), /Unknown key "limits\.memry"; did you mean "limits\.memory"\?/);
    assert.match(setting('security.nesting', 'perhaps'), /security\.nesting is true or false/);
    assert.match(setting('limits.processes', 'many'), /limits\.processes is a whole number/);
    assert.match(setting('limits.memory', ''), /A value is needed/);
    assert.match(setting('limits.memry', ''), /Unknown key/);
    assert.doesNotMatch(setting('user.anything', 'many words'), /A new setting/);
  });

  it('says what the key is for, and when a change of it holds', () => {
    const form = typed(at('config'), 'n', 'text:security.nesting');
    assert.match(text(form), /boolean; from the next start on\. Whether it may run containers itself\./);
    assert.match(text(typed(form, 'down', 'tab')), /Value +true/);
  });

  it('stays when one leaves the page, and can be forgotten', () => {
    const back = { ...typed(changed, 'escape'), pages: changed.pages } satisfies State;
    assert.match(text(back), /~ limits\.memory +2GiB/);
    assert.equal(typed(back, 'u').drafts.size, 0);
  });

  it('keeps what others change in between, and shows the difference to that', () => {
    const instances = sampleInstances().map((one) =>
      one.name === 'web1' ? { ...one, etag: 'b', config: { ...one.config, 'limits.memory': '512MiB' } } : one,
    );
    const later = update(changed, { type: 'instances-listed', instances, now: sampleNow + 60_000 }).state;
    const asked = press(later, 'ctrl+s');
    assert.match(text(asked.state), /- limits\.memory=512MiB/);
    const [effect] = press(asked.state, 'y').effects;
    assert.equal(effect?.kind === 'apply-draft' ? effect.etag : '', 'b');
  });

  it('is none when it makes the setting what it was', () => {
    assert.equal(typed(at('config'), 'enter', 'ctrl+s').drafts.size, 0);
    assert.equal(typed(at('config'), 'D').drafts.size, 1);
    assert.equal(typed(at('config'), 'D', 'D').drafts.size, 0);
  });

  it('goes once it was applied; what was typed since stays', () => {
    const [effect] = press(press(changed, 'ctrl+s').state, 'y').effects;
    assert.ok(effect?.kind === 'apply-draft');
    const more = typed(changed, 'n', 'text:user.role', 'down', 'text:back', 'ctrl+s');
    const after = update(more, { type: 'draft-applied', key, draft: effect.draft }).state;
    assert.deepEqual(after.drafts.get(key)?.config, { 'user.role': 'back' });
    assert.equal(update(changed, { type: 'draft-applied', key, draft: effect.draft }).state.drafts.size, 0);
  });

  it('of a setting that a profile brings overrides it, and does not take it away', () => {
    const state = typed(at('config'), 'G');
    assert.match(text(typed(state, 'D')), /user\.role comes from a profile/);
    assert.match(text(typed(state, 'enter', 'ctrl+u', 'text:back', 'ctrl+s')), /\+ user\.role +back/);
  });

  it('without any is not applied', () => {
    assert.match(text(typed(at('config'), 'ctrl+s')), /Nothing was changed here/);
  });
});

describe('a change of the devices', () => {
  it('adds one with the options that its type has', () => {
    const form = typed(at('devices'), 'n', 'text:data', 'down', 'text:disk', 'down', 'text:/srv');
    assert.match(text(form), /▸ path +\/srv/);
    const asked = press(typed(form, 'ctrl+s'), 'ctrl+s').state;
    assert.match(text(asked), /\+ device data: path=\/srv/);
    assert.match(text(asked), /\+ device data: type=disk/);
  });

  it('asks for what is needed, and for another name than one that is taken', () => {
    assert.match(text(typed(at('devices'), 'n', 'text:data', 'down', 'text:disk', 'ctrl+s')), /"path" is needed/);
    assert.match(text(typed(at('devices'), 'n', 'text:data', 'ctrl+s')), /A type is needed/);
  });

  it('overrides one of a profile, and keeps options that the table does not tell of', () => {
    const form = typed(at('devices'), 'enter');
    assert.match(text(form), /Device eth0/);
    const asked = press(typed(form, 'ctrl+u', 'text:lan0', 'ctrl+s'), 'ctrl+s').state;
    assert.match(text(asked), /\+ device eth0: network=lan0/);
    assert.match(text(asked), /\+ device eth0: name=eth0/);
  });

  it('removes one of its own only', () => {
    assert.match(text(typed(at('devices'), 'D')), /eth0 comes from a profile/);
  });
});
