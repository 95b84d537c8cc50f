import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connection } from '../../client/connection.ts';
import { socketDialer } from '../../client/socket.ts';
import { Refusal, ScriptedServer } from '../../testing/scripted-server.ts';
import { initialState } from '../state/initial.ts';
import { update } from '../state/update.ts';
import { Store } from '../store.ts';
import { Batches } from './batches.ts';
import { Lists } from './lists.ts';
import { LiveConnection } from './live-connection.ts';
import { ObjectVerbs } from './object-verbs.ts';
import type { ImageCopy } from './remotes.ts';
import { Servers } from './servers.ts';
import { Verbs } from './verbs.ts';

const aborted = 10;

function world(server: ScriptedServer) {
  const size = { columns: 80, rows: 24 };
  const store = new Store(initialState({ size, now: 0, zone: 0, theme: 'plain', project: '', remote: 'local' }));
  const live = new LiveConnection(() => new Connection(socketDialer(server.socket)));
  const servers = new Servers(live);
  const copied: ImageCopy[] = [];
  const copyImage = async (copy: ImageCopy) => {
    copied.push(copy);
    return 'f00d';
  };
  const elsewhere = { names: ['office'], copyImage };
  const batches = new Batches(store);
  const lists = new Lists(live, store);
  const end = () => {
    lists.stop();
    live.drop();
  };
  return {
    ...{ store, lists, copied, verbs: new Verbs(servers, store, batches, elsewhere) },
    objects: new ObjectVerbs(servers, store, batches),
    [Symbol.dispose]: end,
  };
}

describe('a change of an instance', () => {
  const key = 'lab/web';
  const draft = {
    config: { 'limits.memory': '2GiB', 'user.a': '' },
    devices: { data: { type: 'disk', path: '/srv' } },
  };
  const instance = {
    ...{ name: 'web', project: 'lab', etag: 'a', description: 'text', ephemeral: true, profiles: ['small'] },
    ...{ config: { 'user.a': '1', 'user.b': '2' }, devices: { eth0: { options: { type: 'nic' } } } },
  };

  it('is made upon what was shown, and leaves the rest', async () => {
    await using server = await ScriptedServer.start();
    server
      .on('InstanceService', 'GetInstance', () => ({ instance }))
      .on('InstanceService', 'UpdateInstance', () => ({ instance }));
    using screen = world(server);
    await screen.verbs.applyDraft({ kind: 'apply-draft', key, draft, etag: 'a' });
    const [request] = server.requestsOf('InstanceService/UpdateInstance');
    assert.deepEqual(request, {
      ...{ name: 'web', project: 'lab', etag: 'a', description: 'text', ephemeral: true, profiles: ['small'] },
      config: { 'user.b': '2', 'limits.memory': '2GiB' },
      devices: { eth0: { options: { type: 'nic' } }, data: { options: { type: 'disk', path: '/srv' } } },
    });
    assert.equal(screen.store.state().notice?.text, 'Changed web');
  });

  it('is not made upon anything else, which is said plainly', async () => {
    await using server = await ScriptedServer.start();
    let etag = 'b';
    server
      .on('InstanceService', 'GetInstance', () => ({ instance: { ...instance, etag } }))
      .on('InstanceService', 'UpdateInstance', () => {
        throw new Refusal(aborted, 'It has changed');
      });
    for (const [now, updates] of [
      ['b', 0],
      ['a', 1],
    ] as const) {
      etag = now;
      using screen = world(server);
      await screen.verbs.applyDraft({ kind: 'apply-draft', key, draft, etag: 'a' });
      const { overlay } = screen.store.state();
      assert.match(overlay?.kind === 'results' ? overlay.lines.join('\n') : '', /web was changed by somebody else/);
      assert.equal(server.requestsOf('InstanceService/UpdateInstance').length, updates);
    }
  });

  it('says what the server has against it', async () => {
    await using server = await ScriptedServer.start();
    server
      .on('InstanceService', 'GetInstance', () => ({ instance }))
      .on('InstanceService', 'UpdateInstance', () => {
        throw new Refusal(3, 'Invalid value "2GiB" for limits.memory');
      });
    using screen = world(server);
    await screen.verbs.applyDraft({ kind: 'apply-draft', key, draft, etag: 'a' });
    const { overlay } = screen.store.state();
    assert.deepEqual(overlay?.kind === 'results' ? overlay.lines : [], ['Invalid value "2GiB" for limits.memory']);
  });
});

describe('what else is done with an instance', () => {
  it('is asked for as it was typed', async () => {
    await using server = await ScriptedServer.start();
    server
      .on('InstanceService', 'MoveInstance', () => ({ instance: { name: 'web', project: 'lab' } }))
      .on('InstanceService', 'RebuildInstance', () => server.done('rebuild'))
      .on('ImageService', 'PublishInstance', () => server.done('publish'))
      .on('SnapshotService', 'SetSnapshotExpiry', () => ({ snapshot: { name: 'old' } }));
    using screen = world(server);
    await screen.verbs.move('default/web', { name: 'web', project: 'lab' });
    assert.equal(screen.store.state().notice?.text, 'Moved web');
    await screen.verbs.rebuild({ kind: 'rebuild', key: 'lab/web', image: 'tiny', force: true });
    assert.equal(screen.store.state().notice?.text, 'Rebuilt web');
    await screen.verbs.publish({ kind: 'publish', key: 'lab/web', aliases: ['gold'], reuse: true, force: false });
    assert.equal(screen.store.state().notice?.text, 'Made an image of web');
    await screen.verbs.snapshot({ kind: 'snapshot-expiry', key: 'lab/web', name: 'old', expiry: '1w' });
    assert.equal(screen.store.state().notice?.text, 'Changed old');
    const place = { project: 'lab', instance: 'web' };
    assert.deepEqual(server.requestsOf('InstanceService/MoveInstance'), [
      { project: 'default', name: 'web', newName: '', targetProject: 'lab', pool: '' },
    ]);
    assert.deepEqual(server.requestsOf('InstanceService/RebuildInstance'), [
      { project: 'lab', name: 'web', image: 'tiny', force: true },
    ]);
    assert.deepEqual(server.requestsOf('SnapshotService/SetSnapshotExpiry'), [{ ...place, name: 'old', expiry: '1w' }]);
    const [publish] = server.requestsOf('ImageService/PublishInstance') as { aliases: string[]; reuse: boolean }[];
    assert.deepEqual([publish?.aliases, publish?.reuse], [['gold'], true]);
  });
});

describe('who may use the server', () => {
  it('is let in by a token that is shown once, and shut out again', async () => {
    await using server = await ScriptedServer.start();
    server
      .on('TrustService', 'CreateTrustToken', () => ({ token: 'secretword' }))
      .on('TrustService', 'ListTrustedClients', () => ({ clients: [{ name: 'laptop', fingerprint: 'abc' }] }))
      .on('TrustService', 'ListTrustTokens', () => ({ tokens: [{ rights: { name: 'desktop' } }] }))
      .on('AuthService', 'ListGroups', () => ({ groups: [{ name: 'team' }] }))
      .on('AuthService', 'DeleteGroup', () => ({}))
      .on('AuthService', 'RenameGroup', () => ({}))
      .on('TrustService', 'RemoveTrustedClient', () => ({}))
      .on('TrustService', 'RevokeTrustToken', () => ({}));
    using screen = world(server);
    await screen.objects.createToken({
      kind: 'create-token',
      name: 'desktop',
      restricted: true,
      projects: ['lab'],
      groups: ['team'],
    });
    const { overlay } = screen.store.state();
    assert.match(overlay?.kind === 'results' ? overlay.lines.join('\n') : '', /yurt remote add NAME secretword/);
    const press = { key: 'y', text: 'y' };
    const { state, effects } = update(screen.store.state(), { type: 'key', press });
    assert.deepEqual(effects, [{ kind: 'copy', text: 'secretword' }]);
    assert.equal(state.overlay?.kind, 'results');
    await screen.lists.readAll();
    await screen.objects.deleteTrust(['client/laptop', 'token/desktop', 'group/team']);
    assert.deepEqual(server.requestsOf('TrustService/RemoveTrustedClient'), [{ client: 'abc' }]);
    assert.deepEqual(server.requestsOf('TrustService/RevokeTrustToken'), [{ name: 'desktop' }]);
    assert.deepEqual(server.requestsOf('AuthService/DeleteGroup'), [{ name: 'team' }]);
    assert.equal(screen.store.state().notice?.text, 'Deleted 3 of them');
    await screen.objects.rename({ kind: 'rename-object', what: 'trust', from: 'team', to: 'crew' });
    assert.deepEqual(server.requestsOf('AuthService/RenameGroup'), [{ name: 'team', newName: 'crew' }]);
  });
});

describe('an image of another server', () => {
  it('is copied before it is launched, unless it is launched there', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'CreateInstance', () => ({ name: 'web', ...server.done() }));
    using screen = world(server);
    const request = {
      ...{ image: 'office:debian/12', name: 'web', profiles: [], config: {}, devices: [], network: '', pool: '' },
      ...{ remote: '', ephemeral: false, start: true },
    };
    await screen.verbs.launch(request);
    assert.deepEqual(screen.copied, [{ from: 'office', image: 'debian/12', to: 'local', project: '' }]);
    await screen.verbs.launch({ ...request, image: 'local:tiny' });
    await screen.verbs.launch({ ...request, image: 'nobody:tiny' });
    const images = server.requestsOf('InstanceService/CreateInstance').map((one) => (one as { image: string }).image);
    assert.deepEqual(images, ['f00d', 'tiny', 'nobody:tiny']);
    assert.equal(screen.copied.length, 1);
  });
});
