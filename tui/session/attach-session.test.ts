import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { ExecStarted } from '../../proto/gen/yurt/v1/ExecStarted.ts';
import { eventually } from '../testing/eventually.ts';
import { FakeTerminal, type FakeTerminalOptions, runInProcess } from '../testing/fake-terminal.ts';
import { ScriptedCommand } from '../testing/scripted-command.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';

const id = '0a1b2c3d';

/** Runs `yurt attach` against a scripted session. */
async function attach(
  script: (command: ScriptedCommand, start: (started?: ExecStarted) => void) => Promise<void> | void,
  options: FakeTerminalOptions & { terminal?: FakeTerminal; argv?: readonly string[] } = {},
) {
  await using server = await ScriptedServer.start();
  let command: ScriptedCommand | undefined;
  let start: unknown;
  server.onDuplex('SessionService', 'AttachSession', async (call) => {
    call.once('data', (request) => {
      start = request.start;
    });
    // The messages of both calls are the same but for the start.
    command = new ScriptedCommand(call as unknown as ConstructorParameters<typeof ScriptedCommand>[0]);
    await script(command, (started) => call.write({ started: { pid: 7, session: id, ...started } }));
  });
  const result = await runInProcess(server.socket, ['attach', ...(options.argv ?? []), id], options);
  await eventually(() => command !== undefined);
  return { ...result, start, command: command as unknown as ScriptedCommand }; // waited for above
}

describe('yurt attach', () => {
  it('gives what the session says and its exit code, and passes stdin on', async () => {
    const { code, stdout, stderr, command, start } = await attach(
      async (command, start) => {
        start();
        command.grantStdin(100);
        await command.write('stdout', 'out');
        await command.write('stderr', 'err');
        await command.until(() => command.stdinClosed);
        command.exit(7);
      },
      { stdin: 'typed', argv: ['--project', 'p'] },
    );
    assert.deepEqual([code, stdout, stderr, command.stdin.toString()], [7, 'out', 'err', 'typed']);
    assert.deepEqual(start, { session: id, project: 'p', windowed: true, stdoutFrom: 0, stderrFrom: 0 });
  });

  it('leaves stdin alone when asked to', async () => {
    const { command } = await attach(
      (command, start) => {
        start();
        command.exit(0);
      },
      { argv: ['-n'] },
    );
    assert.deepEqual([command.stdinClosed, command.stdin.length], [false, 0]);
  });

  it('says what is not kept any more', async () => {
    const { stderr } = await attach((command, start) => {
      start({ stdoutFrom: 1024, stderrFrom: 1024 });
      command.exit(0);
    });
    assert.match(stderr, /^2\.00KiB of earlier output are not kept any more\n$/);
  });

  it('leaves a session on a terminal by keys, and follows the size of the terminal', async () => {
    const keys = new PassThrough();
    const terminal = new FakeTerminal({ tty: true, stdin: keys });
    const { code, stderr, command } = await attach(
      async (command, start) => {
        start({ terminal: true });
        command.grantStdin(100);
        keys.write('ls\r\x01');
        await command.until(() => command.stdin.toString() === 'ls\r');
        keys.write('q');
        await command.until(() => command.canceled);
      },
      { terminal },
    );
    assert.equal(code, 0);
    assert.match(
      stderr,
      new RegExp(`press: <ctrl>\\+a q\nDetached: "yurt attach ${id}" takes the session up again\n$`),
    );
    assert.deepEqual(terminal.rawStates, [true, false]);
    assert.ok(command.received.some(({ resize }) => resize?.columns === 80));
    assert.ok(!command.stdinClosed);
  });

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    it(`leaves the session at ${signal}, which it does not get`, async () => {
      const terminal = new FakeTerminal();
      const { code, command, stderr } = await attach(
        async (command, start) => {
          start();
          await command.write('stdout', 'x');
          terminal.raise(signal);
          await command.until(() => command.canceled);
        },
        { terminal, argv: ['-n'] },
      );
      assert.equal(code, expected);
      assert.match(stderr, /^Detached/);
      assert.ok(!command.received.some((request) => request.signal));
    });
  }

  it('says how to go on when the connection is lost, and why when the server refuses', async () => {
    const lost = await attach((command, start) => {
      start();
      command.vanish();
    });
    assert.equal(lost.code, 1);
    await using server = await ScriptedServer.start();
    server.onDuplex('SessionService', 'AttachSession', () => {
      throw Refusal.notFound(`Session "${id}" does not exist`);
    });
    const refused = await runInProcess(server.socket, ['attach', id]);
    assert.deepEqual([refused.code, refused.stderr], [1, `Error: Session "${id}" does not exist\n`]);
  });
});

describe('yurt exec --detach', () => {
  it('prints the name of the session', async () => {
    await using server = await ScriptedServer.start();
    server.onDuplex('ExecService', 'Exec', (call) => {
      call.once('data', () => {
        call.write({ started: { pid: 7, session: id } });
        call.end();
      });
    });
    const { code, stdout } = await runInProcess(server.socket, ['exec', '-d', 'web', '--', 'make']);
    assert.deepEqual([code, stdout], [0, `${id}\n`]);
  });

  it('says why there is none', async () => {
    await using server = await ScriptedServer.start();
    server.onDuplex('ExecService', 'Exec', (call) => {
      call.once('data', () => {
        call.write({ started: { pid: 7 } });
        call.write({ exit: { code: 127, message: 'Command not found: "mkae"' } });
        call.end();
      });
    });
    const { code, stdout, stderr } = await runInProcess(server.socket, ['exec', '-d', 'web', '--', 'mkae']);
    assert.deepEqual([code, stdout, stderr], [127, '', 'Error: Command not found: "mkae"\n']);
  });
});
