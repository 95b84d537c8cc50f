import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInProcess } from '../testing/fake-terminal.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';

const unavailable = 14;
const notFound = 5;
const running = 'OPERATION_STATUS_RUNNING' as const;
const operation = { id: 'op', kind: 'test', description: 'Testing' };

/** `yurt start` whose connection is lost while it waits; `after` is what the next watch meets. */
async function start(after: 'succeeded' | 'failed' | 'forgotten') {
  await using server = await ScriptedServer.start();
  let watches = 0;
  server
    .on('InstanceService', 'StartInstance', () => ({ operation: { ...operation, status: running } }))
    .onStream('OperationService', 'WatchOperation', (call) => {
      watches += 1;
      const first = watches === 1;
      if (first || after !== 'forgotten') {
        const status = first ? 'RUNNING' : after === 'failed' ? 'FAILED' : 'SUCCEEDED';
        const fault = status === 'FAILED' ? { code: 'internal', message: 'It broke' } : null;
        call.write({ operation: { ...operation, status: `OPERATION_STATUS_${status}` as const, fault } });
      }
      if (first) call.emit('error', { code: unavailable, details: 'The link is cut' });
      else if (after === 'forgotten') call.emit('error', { code: notFound, details: 'Operation "op" does not exist' });
      else call.end();
    });
  const { code, stderr } = await runInProcess(server.socket, ['start', 'web']);
  return { code, stderr, watches };
}

describe('an operation whose connection is lost', () => {
  it('is followed to its end over another one', async () => {
    assert.deepEqual(await start('succeeded'), { code: 0, stderr: '', watches: 2 });
    assert.deepEqual(await start('failed'), { code: 1, stderr: 'Error: It broke\n', watches: 2 });
  });

  it('is said to be unknown when the server was started again meanwhile', async () => {
    const { code, stderr } = await start('forgotten');
    assert.equal(code, 1);
    assert.match(stderr, /was lost, and it does not know the operation any more: look at what has come of it/);
  });
});
