import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeTerminal, runInProcess } from '../testing/fake-terminal.ts';
import { instances } from '../testing/samples.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';

/** A server that starts, stops, … everything but `bad`. */
async function obedient(): Promise<ScriptedServer> {
  const server = await ScriptedServer.start();
  const obey = ({ name }: { name: string }) => {
    if (name === 'bad') throw new Refusal(9, 'The instance is \x1b]0;evil\x07busy');
    return server.done(`operation-${name}`);
  };
  for (const verb of ['Start', 'Stop', 'Restart', 'Pause', 'Resume', 'Delete'] as const) {
    server.on('InstanceService', `${verb}Instance`, obey);
  }
  server.on('InstanceService', 'ListInstances', () => ({ instances: [...instances] }));
  server.on('ImageService', 'DeleteImage', ({ image }) => obey({ name: image }));
  return server;
}

async function sent(method: string, argv: readonly string[]): Promise<unknown[]> {
  await using server = await obedient();
  const { code, stdout, stderr } = await runInProcess(server.socket, argv);
  assert.deepEqual([code, stdout, stderr], [0, '', '']);
  return server.requestsOf(method);
}

describe('commands that change the state of instances', () => {
  for (const [argv, method, requests] of [
    [['start', 'a'], 'StartInstance', [{ name: 'a', project: '' }]],
    [['stop', 'a', '-f'], 'StopInstance', [{ name: 'a', project: '', force: true, timeoutSeconds: 0 }]],
    [['stop', 'a', '--timeout', '30'], 'StopInstance', [{ name: 'a', project: '', force: false, timeoutSeconds: 30 }]],
    [
      ['restart', 'a', '--timeout=-1'],
      'RestartInstance',
      [{ name: 'a', project: '', force: false, timeoutSeconds: 0 }],
    ],
    [['pause', 'a', '--project', 'p'], 'PauseInstance', [{ name: 'a', project: 'p' }]],
    [['freeze', 'a'], 'PauseInstance', [{ name: 'a', project: '' }]],
    [['resume', 'a'], 'ResumeInstance', [{ name: 'a', project: '' }]],
    [['unfreeze', 'a'], 'ResumeInstance', [{ name: 'a', project: '' }]],
    [['delete', 'a', '--force'], 'DeleteInstance', [{ name: 'a', project: '', force: true }]],
    [['rm', 'a'], 'DeleteInstance', [{ name: 'a', project: '', force: false }]],
  ] as const) {
    it(`send what ${argv.join(' ')} asks for`, async () => {
      assert.deepEqual(await sent(`InstanceService/${method}`, argv), requests);
    });
  }

  for (const [verb, method, names] of [
    ['start', 'StartInstance', ['db', 'web9']],
    ['stop', 'StopInstance', ['db', 'web10']],
    ['restart', 'RestartInstance', ['web10']],
    ['pause', 'PauseInstance', ['web10']],
    ['resume', 'ResumeInstance', ['db']],
  ] as const) {
    it(`${verb} --all picks those that it applies to`, async () => {
      const requests = (await sent(`InstanceService/${method}`, [verb, '--all'])) as { name: string }[]; // of instances
      assert.deepEqual(requests.map(({ name }) => name).sort(), names);
    });
  }

  it('do each name once', async () => {
    assert.equal((await sent('InstanceService/StartInstance', ['start', 'a', 'b', 'a'])).length, 2);
  });

  it('fail with the error of a single name', async () => {
    await using server = await obedient();
    const { code, stderr } = await runInProcess(server.socket, ['stop', 'bad']);
    assert.deepEqual([code, stderr], [1, 'Error: The instance is \\x1b]0;evil\\x07busy\n']);
  });

  it('tell of each name that failed, and do the others', async () => {
    await using server = await obedient();
    const { code, stderr } = await runInProcess(server.socket, ['stop', 'a', 'bad', 'b']);
    assert.deepEqual(
      [code, stderr],
      [1, 'bad: error: The instance is \\x1b]0;evil\\x07busy\nError: Some instances failed to stop\n'],
    );
    assert.equal(server.requestsOf('InstanceService/StopInstance').length, 3);
    const images = await runInProcess(server.socket, ['image', 'delete', 'bad', 'other']);
    assert.match(images.stderr, /\nError: Some images failed to delete\n$/);
  });

  it('work on many at once', async () => {
    await using server = await obedient();
    let waiting = 0;
    const all = Promise.withResolvers<void>();
    server.on('InstanceService', 'StartInstance', async ({ name }) => {
      waiting += 1;
      if (waiting === 8) all.resolve();
      await all.promise;
      return server.done(name);
    });
    const names = Array.from({ length: 8 }, (_, index) => `i${index}`);
    assert.equal((await runInProcess(server.socket, ['start', ...names])).code, 0);
  });

  it('stop at Ctrl-C', async () => {
    await using server = await obedient();
    server.on('OperationService', 'CancelOperation', ({ id }) => {
      throw new Refusal(9, `Operation ${id} cannot be canceled`);
    });
    server.onStream('OperationService', 'WatchOperation', (call) => call.write({ operation: { id: call.request.id } }));
    const terminal = new FakeTerminal();
    const running = runInProcess(server.socket, ['stop', 'a', 'b'], { terminal });
    while (server.requestsOf('OperationService/WatchOperation').length < 2) await new Promise(setImmediate);
    terminal.raise('SIGINT');
    const { code, stderr } = await running;
    assert.deepEqual([code, stderr], [130, '']);
  });

  it('ask before they delete when told to', async () => {
    await using server = await obedient();
    const { code, stderr } = await runInProcess(server.socket, ['delete', '-i', 'a', 'b'], { stdin: 'no\nyes\n' });
    assert.equal(code, 0);
    assert.equal(stderr, 'Remove a? (yes/no) [default=no]: Remove b? (yes/no) [default=no]: ');
    assert.deepEqual(server.requestsOf('InstanceService/DeleteInstance'), [{ name: 'b', project: '', force: false }]);
  });

  for (const [argv, message] of [
    [['start'], 'Requires at least 1 instance, or --all'],
    [['stop', '--all', 'a'], 'Both --all and instance name given'],
    [['delete'], 'Invalid number of arguments'],
    [['stop', 'a', '--timeout', 'soon'], 'Invalid timeout "soon": it is a whole number of seconds'],
    [['start', 'a', 'b', '--console'], '--console only works with a single instance'],
  ] as const) {
    it(`refuse ${argv.join(' ')}`, async () => {
      const { code, stderr } = await runInProcess('/nowhere', argv);
      assert.deepEqual([code, stderr], [1, `Error: ${message}\nRun "yurt ${argv[0]} --help" for the usage\n`]);
    });
  }
});
