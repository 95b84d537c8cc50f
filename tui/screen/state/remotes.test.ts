import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Image__Output } from '../../../proto/gen/yurt/v1/Image.ts';
import type { Network__Output } from '../../../proto/gen/yurt/v1/Network.ts';
import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import type { Profile__Output } from '../../../proto/gen/yurt/v1/Profile.ts';
import type { Project__Output } from '../../../proto/gen/yurt/v1/Project.ts';
import type { Recipe__Output } from '../../../proto/gen/yurt/v1/Recipe.ts';
import type { StoragePool__Output } from '../../../proto/gen/yurt/v1/StoragePool.ts';
import { textOf } from '../frame/line.ts';
import { complete } from '../testing/complete.ts';
import { sampleState, typed } from '../testing/sample-states.ts';
import { screens } from '../testing/screens.ts';
import { frameLines } from '../views/frame.ts';
import { bodyHeight } from './geometry.ts';
import { keyOf, placeOf } from './instance-rows.ts';
import type { Offer, State } from './state.ts';
import { update } from './update.ts';

const size = { columns: 80, rows: 24 };
const alone = sampleState(size);
const several = screens(size)['instances-remotes'] ?? alone;
const text = (state: State) => frameLines(state).map(textOf).join('\n');
const visible = (state: State) => state.tables.instances.visible;
const press = (state: State, key: string) => update(state, { type: 'key', press: { key, text: '' } });

describe('the key of an instance', () => {
  it('tells server, project and name', () => {
    for (const place of [
      { remote: '', project: 'default', name: 'web' },
      { remote: 'office', project: 'lab', name: 'web' },
    ]) {
      assert.deepEqual(placeOf(keyOf(place, place.remote)), place);
    }
    assert.equal(keyOf({ project: '', name: 'web' }), 'default/web');
    assert.equal(placeOf(keyOf({ project: 'office:default', name: 'web' })).remote, '');
    assert.equal(placeOf(keyOf({ project: 'a/b', name: 'c' })).name, 'c');
  });
});

describe('instances of several servers', () => {
  it('are asked for, and left again', () => {
    assert.deepEqual(press(alone, 'L').effects, [{ kind: 'follow-remotes', follow: true }]);
    assert.deepEqual(press(several, 'L').effects, [{ kind: 'follow-remotes', follow: false }]);
    const left = update(several, { type: 'others', remotes: [] }).state;
    assert.equal(visible(left).length, 7);
    assert.doesNotMatch(text(left), /REMOTE|Disconnected/);
  });

  it('are one list, with the server of each', () => {
    assert.deepEqual(
      visible(several).filter((key) => key.endsWith('/web1')),
      ['default/web1', 'office:default/web1'],
    );
    assert.deepEqual(visible(typed(several, '/', 'text:remote=office')), [
      'office:default/mail',
      'office:default/web1',
    ]);
    assert.equal(visible(typed(several, '/', 'text:remote=local')).length, 7);
  });

  it('are acted upon where they are', () => {
    const { effects } = press(typed(several, '/', 'text:remote=office', 'enter', 'g'), 'x');
    assert.deepEqual(effects, [{ kind: 'verb', verb: 'stop', targets: ['office:default/mail'], force: false }]);
  });

  it('stay as they are while another server is lost, which is said', () => {
    const reason = 'gone';
    const lost = update(several, { type: 'link', link: { kind: 'lost', reason }, remote: 'office' }).state;
    assert.deepEqual(visible(lost), visible(several));
    assert.match(text(lost), /office: Disconnected, trying again\. gone/);
    assert.equal(bodyHeight(lost), bodyHeight(alone) - 2);
    assert.equal(lost.link.kind, 'connected');
  });

  it('of a server that is not shown any more are not taken in', () => {
    const late = update(alone, { type: 'link', link: { kind: 'lost', reason: '' }, remote: 'office' }).state;
    assert.equal(late.others.size, 0);
  });
});

describe('groups of instances', () => {
  it('are of projects, of servers where there are several, or none', () => {
    const once = typed(several, 'z');
    const twice = typed(once, 'z');
    assert.deepEqual(
      [once, twice, typed(twice, 'z')].map(({ grouping }) => grouping),
      ['project', 'remote', 'none'],
    );
    assert.equal(typed(alone, 'z', 'z').grouping, 'none');
  });

  it('keep the order within each, and the cursor on the screen with their titles', () => {
    const small: State = { ...typed(several, 'z', 'z'), size: { columns: 80, rows: 12 } };
    const last = typed(small, 'G');
    assert.equal(visible(last).at(-1), 'office:default/web1');
    assert.match(text(last), /── office ─/);
    assert.match(text(last), /▸ web1 +Stopped +.*office/);
    for (let at: State = typed(small, 'g'), step = 0; step < 9; step += 1, at = typed(at, 'j')) {
      assert.match(text(at), /▸/, String(step));
    }
  });
});

describe('operations of other servers', () => {
  const building = (id: string, status = 'RUNNING') =>
    complete<Operation__Output>('Operation', {
      ...{ id, description: `Building ${id}`, project: 'default', kind: 'image-build', cancelable: true },
      status: `OPERATION_STATUS_${status}`,
    });
  const there = update(several, { type: 'operation', operation: building('far-one'), remote: 'office' }).state;

  it('are listed with their server, and canceled there', () => {
    const shown = typed(there, ':', 'text:operations', 'enter', '/', 'text:far-one', 'enter');
    assert.match(text(shown), /Building far-one +office/);
    const { effects } = update(shown, { type: 'key', press: { key: 'x', text: 'x' } });
    assert.deepEqual(effects, [{ kind: 'cancel-operation', id: 'far-one', remote: 'office' }]);
    assert.match(text(there), /office: Building far-one/);
  });

  it('are canceled together when they are marked, those that have ended left alone', () => {
    const ended = update(there, {
      type: 'operation',
      operation: building('over', 'SUCCEEDED'),
      remote: 'office',
    }).state;
    const here = update(ended, { type: 'operation', operation: building('near-one') }).state;
    const marked = typed(here, ':', 'text:operations', 'enter', '/', 'text:image-build office', 'enter', '*');
    assert.equal(marked.tables.operations.marked.size, 2);
    const all = typed(here, ':', 'text:operations', 'enter', '*');
    const { effects, state } = update(all, { type: 'key', press: { key: 'x', text: 'x' } });
    const canceled = effects.map((one) => (one.kind === 'cancel-operation' ? `${one.remote}:${one.id}` : one.kind));
    assert.ok(canceled.includes('office:far-one') && canceled.includes(':near-one'));
    assert.ok(!canceled.includes('office:over'));
    assert.equal(state.tables.operations.marked.size, 0);
  });

  it('go with their server', () => {
    const alone = update(there, { type: 'others', remotes: [] }).state;
    assert.ok(![...alone.data.operations.keys()].includes('office:far-one'));
    const late = update(alone, { type: 'operation', operation: building('far-two'), remote: 'office' }).state;
    assert.equal(late.data.operations.size, alone.data.operations.size);
  });
});

describe('what a form offers', () => {
  const offer: Offer = {
    images: [complete<Image__Output>('Image', { fingerprint: 'a'.repeat(64), aliases: [{ name: 'golden' }] })],
    recipes: [complete<Recipe__Output>('Recipe', { name: 'alpine', images: ['alpine/3'] })],
    profiles: [complete<Profile__Output>('Profile', { name: 'heavy' })],
    networks: [complete<Network__Output>('Network', { name: 'yurtbr9', managed: true })],
    pools: [complete<StoragePool__Output>('StoragePool', { name: 'fast' })],
    projects: [complete<Project__Output>('Project', { name: 'clients' })],
  };
  const told = update(several, { type: 'offered', remote: 'office', offer }).state;

  it('to launch from are the images of all servers, found by what is typed', () => {
    const { effects, state } = update(told, { type: 'key', press: { key: 'n', text: 'n' } });
    assert.deepEqual(effects, [{ kind: 'read-offers' }]);
    assert.match(text(typed(state, 'text:golden')), / office:golden /);
    assert.match(text(typed(state, 'text:gold', 'tab')), /\$ yurt launch office:golden/);
    assert.doesNotMatch(text(typed(state, 'text:alpine')), /office:alpine/);
  });

  it('is what the server has that it is launched on', () => {
    const there = typed(told, 'n', 'up', 'up', 'text:office', 'up', 'up', 'up');
    assert.match(text(there), /▸ Storage pool.*\n(.*\n)+.* fast /);
    assert.match(text(typed(there, 'up')), /▸ Network.*\n(.*\n)+.* yurtbr9 /);
    const image = typed(there, ...Array.from({ length: 8 }, () => 'up'));
    assert.match(text(image), /▸ Image.*\n(.*\n)+.* golden .*\n.* alpine\/3 .*\n.* local:debian\/12 /);
  });

  it('to move an instance to are the projects of its server', () => {
    const moving = typed(told, '/', 'text:web1 remote=office', 'enter', 'M', 'down', 'ctrl+u');
    assert.match(text(moving), / clients /);
    assert.doesNotMatch(text(moving), / lab /);
  });
});
