import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connection } from '../../client/connection.ts';
import { Failure } from '../../client/failure.ts';
import { socketDialer } from '../../client/socket.ts';
import { eventually } from '../../testing/eventually.ts';
import { ScriptedServer } from '../../testing/scripted-server.ts';
import { initialState } from '../state/initial.ts';
import { Store } from '../store.ts';
import { Batches } from './batches.ts';
import { LiveConnection } from './live-connection.ts';
import { ObjectVerbs } from './object-verbs.ts';
import { Remotes } from './remotes.ts';
import { Servers } from './servers.ts';
import { Verbs } from './verbs.ts';

const building = (status: 'RUNNING' | 'CANCELED') =>
  ({ id: 'build', description: 'Building', cancelable: true, status: `OPERATION_STATUS_${status}` }) as const;

describe('the instances of other servers', () => {
  it('are shown for each that answers, and acted upon there', async () => {
    await using here = await ScriptedServer.start();
    await using office = await ScriptedServer.start();
    let names = ['mail'];
    let tell: (action: string, name: string) => void = () => {};
    office
      .on('InstanceService', 'ListInstances', () => ({ instances: names.map((name) => ({ name, project: 'work' })) }))
      .on('InstanceService', 'GetInstance', ({ name }) => ({ instance: { name, project: 'work' } }))
      .on('InstanceService', 'StopInstance', () => office.done('stop'))
      .on('OperationService', 'ListOperations', () => ({ operations: [building('RUNNING')] }))
      .on('OperationService', 'CancelOperation', () => ({ operation: building('CANCELED') }))
      .onStream('EventService', 'WatchEvents', (call) => {
        call.write({ event: { cursor: 'a-0', begun: {} } });
        tell = (action, name) =>
          call.write({ event: { cursor: 'a-1', project: 'work', lifecycle: { action, source: `instance/${name}` } } });
      });
    const size = { columns: 80, rows: 24 };
    const store = new Store(initialState({ size, now: 0, zone: 0, theme: 'plain', project: '', remote: 'local' }));
    const servers = new Servers(new LiveConnection(() => new Connection(socketDialer(here.socket))));
    const elsewhere = {
      copyImage: async () => '',
      names: ['office', 'down', 'wrong'],
      projectOf: () => 'work',
      way: async (remote: string) => {
        if (remote === 'wrong') throw new Failure('The address of remote "wrong" is wrong');
        return socketDialer(remote === 'office' ? office.socket : `${office.socket}-gone`);
      },
    };
    const remotes = new Remotes(servers, store, elsewhere);
    const keys = () => [...store.state().data.instances.keys()];
    const kindOf = (remote: string) => store.state().others.get(remote)?.kind;

    remotes.follow(true);
    await eventually(() => keys().join() === 'office:work/mail', 'its instance');
    await eventually(() => kindOf('down') === 'lost' && kindOf('wrong') === 'lost', 'those that cannot be reached');
    assert.equal(kindOf('office'), 'connected');

    names = ['mail', 'wiki'];
    tell('instance-created', 'wiki');
    await eventually(() => keys().includes('office:work/wiki'), 'the new instance');

    await new Verbs(servers, store, new Batches(store), elsewhere).instances('stop', ['office:work/mail'], false);
    assert.equal(store.state().notice?.text, 'Stopped mail');
    assert.equal(office.requestsOf('InstanceService/StopInstance').length, 1);
    assert.equal(here.requestsOf('InstanceService/StopInstance').length, 0);

    await eventually(() => store.state().data.operations.get('office:build')?.operation.cancelable === true, 'theirs');
    const canceled = { kind: 'cancel-operation', id: 'build', remote: 'office' } as const;
    await new ObjectVerbs(servers, store, new Batches(store)).cancelOperation(canceled);
    const { operation } = store.state().data.operations.get('office:build') ?? {};
    assert.equal(operation?.status, 'OPERATION_STATUS_CANCELED');
    assert.equal(here.requestsOf('OperationService/CancelOperation').length, 0);

    remotes.follow(false);
    assert.deepEqual([keys(), store.state().others.size, store.state().data.operations.size], [[], 0, 0]);
    servers.drop();
  });
});
