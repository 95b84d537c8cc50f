import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connection } from '../../client/connection.ts';
import { socketDialer } from '../../client/socket.ts';
import { ScriptedServer } from '../../testing/scripted-server.ts';
import { initialState } from '../state/initial.ts';
import { Store } from '../store.ts';
import { DiskReader } from './disk-reader.ts';
import { LiveConnection } from './live-connection.ts';
import { Servers } from './servers.ts';

describe('the disk of an instance', () => {
  it('is measured again after a while, and not with every tick', async () => {
    await using server = await ScriptedServer.start();
    const state = { pid: 5, diskUsageBytes: 4096 };
    server.on('InstanceService', 'GetInstance', () => ({
      instance: { name: 'web', project: 'lab', uuid: 'u', status: 'INSTANCE_STATUS_RUNNING' as const, state },
    }));
    const size = { columns: 80, rows: 24 };
    const store = new Store(initialState({ size, now: 0, zone: 0, theme: 'plain', project: '', remote: 'local' }));
    const live = new LiveConnection(() => new Connection(socketDialer(server.socket)));
    const reader = new DiskReader(new Servers(live), store);
    const began = Date.now();
    await reader.read('lab/web', began);
    await reader.read('lab/web', began + 1000);
    assert.equal(server.requestsOf('InstanceService/GetInstance').length, 1);
    assert.deepEqual(store.state().data.instances.get('lab/web')?.samples.disk, [4096]);
    await reader.read('lab/web', began + 3_600_000);
    assert.equal(server.requestsOf('InstanceService/GetInstance').length, 2);
    live.drop();
  });

  it('of one that is gone is no failure', async () => {
    await using server = await ScriptedServer.start();
    const size = { columns: 80, rows: 24 };
    const store = new Store(initialState({ size, now: 0, zone: 0, theme: 'plain', project: '', remote: 'local' }));
    const live = new LiveConnection(() => new Connection(socketDialer(server.socket)));
    await new DiskReader(new Servers(live), store).read('far:lab/web', 1);
    await new DiskReader(new Servers(live), store).read('lab/web', 1);
    assert.equal(store.state().notice, undefined);
    live.drop();
  });
});
