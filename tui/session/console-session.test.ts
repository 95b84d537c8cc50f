import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { FakeTerminal, runInProcess } from '../testing/fake-terminal.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';
import { DetachKeys } from './detach-keys.ts';

describe('the keys that detach', () => {
  for (const [typed, pass, detach] of [
    [['abc'], 'abc', false],
    [['ab\x01q'], 'ab', true],
    [['\x01', 'q', 'more'], '', true],
    [['\x01\x01q'], '\x01q', false],
    [['\x01', '\x01', '\x01q'], '\x01', true],
    [['\x01x'], '\x01x', false],
  ] as const) {
    it(`are ${detach ? '' : 'not '}in ${JSON.stringify(typed)}`, () => {
      const keys = new DetachKeys();
      const seen: Buffer[] = [];
      let left = false;
      for (const chunk of typed) {
        if (left) break;
        const result = keys.scan(Buffer.from(chunk));
        seen.push(result.pass);
        left = result.detach;
      }
      assert.deepEqual([Buffer.concat(seen).toString(), left], [pass, detach]);
    });
  }
});

describe('yurt console', () => {
  it('shows the console, passes keys on, and detaches', async () => {
    await using server = await ScriptedServer.start();
    const keys = new PassThrough();
    const seen: string[] = [];
    server.onDuplex('ConsoleService', 'AttachConsole', (call) => {
      call.on('data', ({ start, input }) => {
        if (start)
          call.write({ output: Buffer.from(`${start.instance} ${start.size?.columns} ${start.force} login: `) });
        if (!input) return;
        seen.push(input.toString());
        call.write({ output: input });
        keys.write('\x01q');
      });
      call.on('error', () => {});
    });
    const terminal = new FakeTerminal({ tty: true, stdin: keys });
    keys.write('root\r');
    const { code, stdout, stderr } = await runInProcess(server.socket, ['console', 'web', '-f'], { terminal });
    assert.deepEqual([code, seen, terminal.rawStates], [0, ['root\r'], [true, false]]);
    assert.match(stdout, /^web 80 true login: /);
    assert.equal(stderr, 'To detach from the console, press: <ctrl>+a q\n');
  });

  it('ends when the console does', async () => {
    await using server = await ScriptedServer.start();
    server.onDuplex('ConsoleService', 'AttachConsole', (call) => {
      call.write({ output: Buffer.from('Power down\r\n') });
      call.end();
    });
    const { code, stdout, stderr } = await runInProcess(server.socket, ['console', 'web'], {
      stdin: new PassThrough(),
    });
    assert.deepEqual([code, stdout, stderr], [0, 'Power down\r\n', '']);
  });

  it('shows the error of the server', async () => {
    await using server = await ScriptedServer.start();
    server.onDuplex('ConsoleService', 'AttachConsole', () => {
      throw new Refusal(9, 'The console is in use');
    });
    const { code, stderr } = await runInProcess(server.socket, ['console', 'web'], { stdin: new PassThrough() });
    assert.deepEqual([code, stderr], [1, 'Error: The console is in use\n']);
  });

  it('prints its log, to a file as it is and to a terminal without what would act upon it', async () => {
    await using server = await ScriptedServer.start();
    server.onStream('ConsoleService', 'GetConsoleLog', (call) => {
      call.write({ output: Buffer.from('\x1b[32mOK\x1b[0m Zü').subarray(0, 14) });
      call.write({ output: Buffer.from('\x1b[32mOK\x1b[0m Zü').subarray(14) });
      call.write({ output: Buffer.from('rich\r\n\x07\x1b]52;c;x\x07done\n') });
      call.end();
    });
    const file = await runInProcess(server.socket, ['console', '--show-log', 'web']);
    assert.equal(file.stdout, '\x1b[32mOK\x1b[0m Zürich\r\n\x07\x1b]52;c;x\x07done\n');
    const tty = await runInProcess(server.socket, ['console', '--show-log', 'web'], { tty: true });
    assert.equal(tty.stdout, 'OK Zürich\n\\x07done\n');
  });
});
