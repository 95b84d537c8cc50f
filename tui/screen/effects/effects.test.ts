import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instance } from '../../../proto/gen/yurt/v1/Instance.ts';
import { Connection } from '../../client/connection.ts';
import { socketDialer } from '../../client/socket.ts';
import { eventually } from '../../testing/eventually.ts';
import { Refusal, ScriptedServer } from '../../testing/scripted-server.ts';
import { initialState } from '../state/initial.ts';
import { shownPage } from '../state/state.ts';
import { Store } from '../store.ts';
import { Batches } from './batches.ts';
import { linesOf } from './console-reader.ts';
import { EventFollower } from './event-follower.ts';
import { Lists } from './lists.ts';
import { LiveConnection } from './live-connection.ts';
import { Servers } from './servers.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { Verbs } from './verbs.ts';

const exhausted = 8;

function world(server: ScriptedServer) {
  const size = { columns: 80, rows: 24 };
  const store = new Store(initialState({ size, now: 0, zone: 0, theme: 'plain', project: '', remote: 'local' }));
  const live = new LiveConnection(() => new Connection(socketDialer(server.socket)));
  const lists = new Lists(live, store);
  const servers = new Servers(live);
  const verbs = new Verbs(servers, store, new Batches(store), { names: [], copyImage: async () => '' });
  const follower = new EventFollower(live, store, [lists]);
  const names = () => [...store.state().data.instances.values()].map(({ instance }) => instance.name);
  const end = () => {
    follower.stop();
    lists.stop();
    live.drop();
  };
  return { store, live, lists, servers, verbs, follower, names, [Symbol.dispose]: end };
}

describe('what the screen knows of the server', () => {
  it('is read at the beginning, and follows its events', async () => {
    await using server = await ScriptedServer.start();
    let instances: Instance[] = [{ name: 'one', project: 'default' }];
    let tell: (action: string, name: string) => void = () => {};
    server
      .on('InstanceService', 'ListInstances', () => ({ instances }))
      .on('InstanceService', 'GetInstance', ({ name }) => {
        const instance = instances.find((one) => one.name === name);
        if (instance === undefined) throw Refusal.notFound('gone');
        return { instance };
      })
      .onStream('EventService', 'WatchEvents', (call) => {
        call.write({ event: { cursor: 'a-0', begun: {} } });
        tell = (action, name) =>
          call.write({
            event: { cursor: 'a-1', project: 'default', lifecycle: { action, source: `instance/${name}` } },
          });
      });
    using screen = world(server);
    void screen.follower.run();
    await eventually(() => screen.names().includes('one'), 'the first list');
    instances = [...instances, { name: 'two', project: 'default' }];
    tell('instance-created', 'two');
    await eventually(() => screen.names().length === 2, 'the second instance');
    instances = instances.slice(1);
    tell('instance-deleted', 'one');
    await eventually(() => screen.names().join() === 'two', 'the deletion');
    assert.equal(screen.store.state().data.events.size, 1);
  });

  it('goes on after the last event when the connection was lost, or begins anew when that event is forgotten', async () => {
    await using server = await ScriptedServer.start();
    const cursors: string[] = [];
    server
      .on('InstanceService', 'ListInstances', () => ({ instances: [] }))
      .onStream('EventService', 'WatchEvents', (call) => {
        cursors.push(call.request.cursor);
        if (call.request.cursor === 'a-5') throw new Refusal(exhausted, 'Events since the cursor are no longer kept');
        call.write({ event: { cursor: cursors.length === 1 ? 'a-5' : 'b-1', begun: {} } });
        if (cursors.length === 1) call.end();
      });
    using screen = world(server);
    const links: string[] = [];
    screen.store.subscribe(() => links.push(screen.store.state().link.kind));
    void screen.follower.run();
    await eventually(() => cursors.length === 3 && screen.store.state().link.kind === 'connected', 'the new stream');
    assert.deepEqual(cursors, ['', 'a-5', '']);
    assert.ok(links.includes('lost'));
  });

  it('has the snapshots of the instance that is shown, and follows them', async () => {
    await using server = await ScriptedServer.start();
    const names = ['first'];
    server
      .on('SnapshotService', 'ListSnapshots', () => ({ snapshots: names.map((name) => ({ name })) }))
      .on('InstanceService', 'ListInstances', () => ({ instances: [{ name: 'web', project: 'default' }] }));
    using screen = world(server);
    await screen.lists.readNames();
    const reader = new SnapshotReader(screen.servers, screen.store);
    for (const key of ['enter', 'tab', 'tab', 'tab']) {
      screen.store.dispatch({ type: 'key', press: { key, text: '' } });
    }
    const shown = () => {
      const page = shownPage(screen.store.state());
      return page.kind === 'instance' ? page.snapshots.snapshots.map(({ name }) => name).join() : '';
    };
    await reader.readAll();
    assert.equal(shown(), 'first');
    names.push('second');
    reader.changed('instance/other/second', 'default');
    reader.changed('instance/web/second', 'lab');
    reader.changed('instance/web/second', 'default');
    await eventually(() => shown() === 'first,second', 'the second snapshot');
    assert.deepEqual(server.requestsOf('SnapshotService/ListSnapshots').length, 2);
  });

  it('says why a list cannot be read', async () => {
    await using server = await ScriptedServer.start();
    server.on('StorageService', 'ListStoragePools', () => {
      throw new Refusal(7, 'You may not see the pools');
    });
    using screen = world(server);
    screen.lists.readScreen('storage');
    await eventually(() => screen.store.state().data.failures.storage === 'You may not see the pools');
  });
});

describe('what the screen does on the server', () => {
  it('is done to each target, and told of each', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'StopInstance', ({ name }) => {
      if (name === 'b') throw new Refusal(9, 'Instance "b" is busy');
      return server.done(`stop-${name}`);
    });
    using screen = world(server);
    await screen.verbs.instances('stop', ['default/a', 'default/b', 'default/c'], true);
    const { notice, overlay, batches } = screen.store.state();
    assert.equal(notice?.text, 'Stopped 2 of 3');
    assert.deepEqual(overlay?.kind === 'results' ? overlay.lines : [], ['b: Instance "b" is busy']);
    assert.equal(batches.length, 0);
    assert.deepEqual(server.requestsOf('InstanceService/StopInstance').length, 3);
  });

  it('restores and deletes the snapshot that was meant', async () => {
    await using server = await ScriptedServer.start();
    server
      .on('SnapshotService', 'RestoreSnapshot', () => server.done('restore'))
      .on('SnapshotService', 'DeleteSnapshot', () => server.done('delete'));
    using screen = world(server);
    const { verbs } = screen;
    await verbs.snapshot({ kind: 'restore-snapshot', key: 'lab/web', name: 'old' });
    assert.equal(screen.store.state().notice?.text, 'Restored old');
    await verbs.snapshot({ kind: 'delete-snapshot', key: 'lab/web', name: 'old' });
    assert.equal(screen.store.state().notice?.text, 'Deleted old');
    const target = { project: 'lab', instance: 'web', name: 'old' };
    assert.deepEqual(server.requestsOf('SnapshotService/RestoreSnapshot'), [target]);
    assert.deepEqual(server.requestsOf('SnapshotService/DeleteSnapshot'), [target]);
  });

  it('renames and copies what was meant', async () => {
    await using server = await ScriptedServer.start();
    server
      .on('InstanceService', 'MoveInstance', () => ({ instance: { name: 'www', project: 'lab' } }))
      .on('InstanceService', 'CopyInstance', () => ({ ...server.done('copy'), name: 'other' }));
    using screen = world(server);
    const { verbs } = screen;
    await verbs.move('lab/web', { name: 'www', project: 'lab' });
    assert.equal(screen.store.state().notice?.text, 'Renamed web');
    await verbs.copy('lab/www', '');
    assert.equal(screen.store.state().notice?.text, 'Copied www');
    const [move] = server.requestsOf('InstanceService/MoveInstance') as { newName: string; targetProject: string }[];
    assert.deepEqual([move?.newName, move?.targetProject], ['www', '']);
    assert.equal(server.requestsOf('InstanceService/CopyInstance').length, 1);
  });

  it('builds an image that only a recipe has before it launches', async () => {
    await using server = await ScriptedServer.start();
    let isBuilt = false;
    server
      .on('ImageService', 'ListRecipes', () => ({ recipes: [{ name: 'debian', images: ['debian/12'] }] }))
      .on('ImageService', 'BuildImage', () => {
        isBuilt = true;
        return server.done('build');
      })
      .on('InstanceService', 'CreateInstance', () => {
        if (!isBuilt) throw Refusal.notFound('Image "debian/12" does not exist');
        return { ...server.done('create'), name: 'web' };
      });
    using screen = world(server);
    const request = {
      image: 'debian/12',
      name: 'web',
      profiles: [],
      config: {},
      network: '',
      pool: '',
      devices: [],
      remote: '',
    };
    await screen.verbs.launch({ ...request, ephemeral: false, start: true });
    assert.equal(screen.store.state().notice?.text, 'Launched web');
    assert.equal(screen.store.state().pages.at(-1)?.kind, 'instance');
    assert.equal(server.requestsOf('InstanceService/CreateInstance').length, 2);
  });

  it('brings the form back with what the server had against it', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'CreateInstance', () => {
      throw new Refusal(3, 'Unknown key "limits.cpus"');
    });
    using screen = world(server);
    const request = {
      image: 'tiny',
      name: '',
      profiles: [],
      config: { 'limits.cpus': '2' },
      network: '',
      pool: '',
      devices: [],
      remote: '',
    };
    await screen.verbs.launch({ ...request, ephemeral: false, start: true });
    const { overlay } = screen.store.state();
    assert.equal(overlay?.kind === 'form' ? overlay.form.error : '', 'Unknown key "limits.cpus"');
  });
});

describe('the log of a console', () => {
  it('is read as lines of plain text', () => {
    const text = '\x1b[32mOK\x1b[0m one\r\nprogress 1%\rprogress 100%\r\n\x1b]0;title\x07two\n';
    assert.deepEqual(linesOf(text), ['OK one', 'progress 100%', 'two']);
  });
});
