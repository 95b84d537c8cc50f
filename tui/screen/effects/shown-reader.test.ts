import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connection } from '../../client/connection.ts';
import { socketDialer } from '../../client/socket.ts';
import { eventually } from '../../testing/eventually.ts';
import { ScriptedServer } from '../../testing/scripted-server.ts';
import { Store } from '../store.ts';
import { sampleState, typed } from '../testing/sample-states.ts';
import { Lists } from './lists.ts';
import { LiveConnection } from './live-connection.ts';
import { Servers } from './servers.ts';
import { ShownReader } from './shown-reader.ts';

function world(server: ScriptedServer, ...keys: readonly string[]) {
  const store = new Store(typed(sampleState({ columns: 80, rows: 24 }), ...keys));
  const live = new LiveConnection(() => new Connection(socketDialer(server.socket)));
  const lists = new Lists(live, store);
  const shown = new ShownReader(new Servers(live), store, lists);
  const end = () => {
    shown.stop();
    lists.stop();
    live.drop();
  };
  return { store, shown, [Symbol.dispose]: end };
}

describe('what is on the screen and in no list', () => {
  it('is how much of its limits a project uses, read once when one comes to it', async () => {
    await using server = await ScriptedServer.start();
    server.on('ProjectService', 'GetProjectUsage', () => ({ resources: [{ name: 'memory', unit: 'bytes', used: 7 }] }));
    using screen = world(server, ':', 'text:projects', 'enter', 'enter');
    screen.shown.changed();
    screen.shown.changed();
    await eventually(() => screen.store.state().data.usage?.project === 'default', 'the usage');
    assert.deepEqual(server.requestsOf('ProjectService/GetProjectUsage'), [{ name: 'default' }]);
  });

  it('is what runs in an instance, at once and every other second', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'ListProcesses', () => ({ processes: [{ pid: 1, name: 'init' }] }));
    using screen = world(server, 'G', 'enter', 'tab', 'tab', 'tab', 'tab');
    const listed = () => server.requestsOf('InstanceService/ListProcesses').length;
    const at = () => {
      const page = screen.store.state().pages.at(-1);
      return page?.kind === 'instance' ? page.processes.at : 0;
    };
    screen.shown.changed();
    await eventually(() => at() > 0, 'the processes');
    screen.shown.tick(at() + 1000);
    assert.equal(listed(), 1);
    screen.shown.tick(at() + 2000);
    await eventually(() => listed() === 2, 'the processes again');
  });

  it('is not asked for while the way to its server is closed', async () => {
    await using server = await ScriptedServer.start();
    using screen = world(server, 'G', 'enter', 'tab', 'tab', 'tab', 'tab');
    screen.store.dispatch({ type: 'link', link: { kind: 'lost', reason: 'gone' } });
    screen.shown.tick(Date.now());
    assert.deepEqual(server.requestsOf('InstanceService/ListProcesses'), []);
  });
});
