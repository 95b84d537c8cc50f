import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connection } from '../../client/connection.ts';
import { socketDialer } from '../../client/socket.ts';
import { ScriptedServer } from '../../testing/scripted-server.ts';
import { initialState } from '../state/initial.ts';
import { Store } from '../store.ts';
import { Lists } from './lists.ts';
import { LiveConnection } from './live-connection.ts';

const size = { columns: 80, rows: 24 };

describe('the list of instances', () => {
  it('is asked for without all that the first frame does not show, and completed later', async () => {
    await using server = await ScriptedServer.start();
    const config = { 'limits.cpu': '2' };
    server.on('InstanceService', 'ListInstances', ({ withoutConfig }) => ({
      instances: [{ name: 'web', project: 'default', config: withoutConfig ? {} : config }],
    }));
    const store = new Store(initialState({ size, now: 0, zone: 0, theme: 'plain', project: '', remote: 'local' }));
    const live = new LiveConnection(() => new Connection(socketDialer(server.socket)));
    const lists = new Lists(live, store);
    const shown = () => [...store.state().data.instances.values()].map(({ instance }) => instance.config);
    await lists.readNames();
    assert.deepEqual(shown(), [{}]);
    const [first] = server.requestsOf('InstanceService/ListInstances') as { withoutConfig: boolean }[];
    assert.deepEqual({ ...first }, { ...first, withoutConfig: true, withoutState: true });
    await lists.readAll();
    assert.deepEqual(shown(), [config]);
    // What is known stays when the names are read again: after a connection was lost.
    await lists.readNames();
    assert.deepEqual(shown(), [config]);
    lists.stop();
    live.drop();
  });
});
