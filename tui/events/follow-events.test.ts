import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../client/failure.ts';
import { eventually } from '../testing/eventually.ts';
import { FakeTerminal, runInProcess } from '../testing/fake-terminal.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';
import { WatchedLink } from './watched-link.ts';

const event = (number: number) => ({
  event: { cursor: `a-${number}`, project: 'default', lifecycle: { action: `did-${number}`, source: 'instance/web' } },
});

/** Runs `yurt monitor` until its output has `last`. */
async function monitor(server: ScriptedServer, last: RegExp) {
  const terminal = new FakeTerminal();
  const running = runInProcess(server.socket, ['monitor', '--pretty'], { terminal });
  await eventually(() => last.test(terminal.output.text));
  terminal.raise('SIGINT');
  const { code, stdout, stderr } = await running;
  assert.equal(code, 130);
  return { seen: [...stdout.matchAll(/did-(\d+)/g)].map(([, number]) => Number(number)), stderr };
}

describe('watching events', () => {
  it('goes on after the last one when the connection was lost', async () => {
    await using server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', (call) => {
      const from = Number(call.request.cursor.split('-')[1] ?? 0);
      call.write({ event: { cursor: `a-${from}`, begun: {} } });
      for (let number = from + 1; number <= Math.min(from + 3, 8); number += 1) call.write(event(number));
      call.emit('error', { code: 14, details: 'The link is cut' });
    });
    const { seen, stderr } = await monitor(server, /did-8/);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.match(
      stderr,
      /^The link is cut: trying again\nConnected again\. No event is missing\nThe link is cut: trying/,
    );
  });

  it('says that events are missing when the server does not know them any more', async () => {
    await using server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', (call) => {
      if (call.request.cursor === 'a-1') throw new Refusal(8, 'Events since the cursor are no longer kept');
      const first = server.requestsOf('EventService/WatchEvents').length === 1;
      call.write({ event: { cursor: first ? 'a-0' : 'b-7', begun: {} } });
      call.write(event(first ? 1 : 9));
      if (first) call.emit('error', { code: 14, details: 'The server stops' });
    });
    const { seen, stderr } = await monitor(server, /did-9/);
    assert.deepEqual(seen, [1, 9]);
    assert.match(stderr, /trying again\nConnected again\. Events are missing: the server does not know what happened/);
  });

  it('ends at what is no loss of the connection, and at a server that was never there', async () => {
    await using server = await ScriptedServer.start();
    server.onStream('EventService', 'WatchEvents', () => {
      throw new Refusal(7, 'You may not watch');
    });
    const refused = await runInProcess(server.socket, ['monitor']);
    assert.deepEqual([refused.code, refused.stderr], [1, 'Error: You may not watch\n']);
    const nobody = await runInProcess('/nowhere', ['monitor']);
    assert.match(nobody.stderr, /Cannot reach yurtd/);
  });

  it('gives up a server that stays away', async () => {
    let now = 0;
    const said: string[] = [];
    const link = new WatchedLink(
      async (line) => void said.push(line),
      () => now,
    );
    const lost = { kind: 'lost', error: new Failure('Gone', { status: 'unavailable' }) } as const;
    await link.tell({ kind: 'begun', gap: false });
    await link.tell(lost);
    now += 5 * 60_000;
    await link.tell(lost);
    now += 1;
    await assert.rejects(link.tell(lost), /Gone/);
    assert.deepEqual(said, ['Gone: trying again']);
  });
});
