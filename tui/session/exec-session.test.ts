import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { eventually } from '../testing/eventually.ts';
import { FakeTerminal, type FakeTerminalOptions, runInProcess } from '../testing/fake-terminal.ts';
import { ScriptedCommand } from '../testing/scripted-command.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { channelWindowBytes } from './output-channel.ts';

type Script = (command: ScriptedCommand) => Promise<void>;

/** Runs `yurt exec web -- cmd` with `argv` before the instance against a scripted command. */
async function exec(
  script: Script,
  argv: readonly string[] = [],
  options: FakeTerminalOptions & { terminal?: FakeTerminal } = {},
) {
  await using server = await ScriptedServer.start();
  let command: ScriptedCommand | undefined;
  server.onDuplex('ExecService', 'Exec', async (call) => {
    command = new ScriptedCommand(call);
    await script(command);
  });
  const result = await runInProcess(server.socket, ['exec', ...argv, 'web', '--', 'cmd', '-x'], {
    env: { TERM: 'xterm' },
    ...options,
  });
  await eventually(() => command !== undefined);
  return { ...result, command: command as unknown as ScriptedCommand }; // waited for above
}

const exitWith =
  (code: number, message?: string): Script =>
  async (command) => {
    await command.started();
    command.exit(code, message);
  };

describe('yurt exec', () => {
  it('sends the command as it was given', async () => {
    const argv = [
      '--env',
      'A=b=c',
      '--env',
      'EMPTY',
      '--user',
      '1000',
      '--group',
      '100',
      '--cwd',
      '/srv',
      '--project',
      'p',
    ];
    const { command } = await exec(exitWith(0), argv);
    assert.deepEqual(command.start, {
      ...{ instance: 'web', project: 'p', command: ['cmd', '-x'], environment: { TERM: 'xterm', A: 'b=c', EMPTY: '' } },
      ...{ user: 1000, group: 100, cwd: '/srv', terminal: false, size: null, windowed: true, afterBoot: true },
      ...{ detached: false, emptyStdin: false },
    });
  });

  for (const code of [0, 1, 3, 137, 143, 255]) {
    it(`ends with the command's code ${code}`, async () => {
      const { code: own, stdout, stderr } = await exec(exitWith(code));
      assert.deepEqual([own, stdout, stderr], [code, '', '']);
    });
  }

  for (const [code, message, text] of [
    [127, 'cmd', 'Error: Command not found: cmd\n'],
    [127, 'Command not found', 'Error: Command not found\n'],
    [126, 'Permission\x1b[2J denied', 'Error: Command not executable: Permission\\x1b[2J denied\n'],
    [127, '', ''],
  ] as const) {
    it(`tells why the code is ${code} when the message is ${JSON.stringify(message)}`, async () => {
      const { code: own, stderr } = await exec(async (command) => {
        await command.until(() => command.start !== undefined);
        command.exit(code, message);
      });
      assert.deepEqual([own, stderr], [code, text]);
    });
  }

  it('writes stdout and stderr where they belong, to the last byte', async () => {
    const big = Buffer.alloc(3 * channelWindowBytes + 17, 'abcdefg');
    const { stdout, stderr, code } = await exec(async (command) => {
      await command.started();
      await Promise.all([command.write('stdout', big), command.write('stderr', 'oops\n')]);
      command.exit(0);
    });
    assert.equal(code, 0);
    assert.equal(stdout === big.toString(), true);
    assert.equal(stderr, 'oops\n');
  });

  it('does not let a stderr that nobody reads stop stdout', async () => {
    const terminal = new FakeTerminal();
    const unblocked = Promise.withResolvers<void>();
    terminal.error.blocked = unblocked.promise;
    const big = Buffer.alloc(4 * channelWindowBytes, 'x');
    const running = exec(
      async (command) => {
        await command.started();
        await Promise.all([command.write('stderr', big), command.write('stdout', big)]);
        command.exit(0);
      },
      [],
      { terminal },
    );
    await eventually(() => terminal.output.text.length === big.length, 'all of stdout');
    assert.equal(terminal.error.text.length, 0);
    unblocked.resolve();
    assert.equal((await running).stderr.length, big.length);
  });

  it('holds no more than a window of what nobody reads', async () => {
    const terminal = new FakeTerminal();
    const unblocked = Promise.withResolvers<void>();
    terminal.output.blocked = unblocked.promise;
    let sent = 0;
    const running = exec(
      async (command) => {
        await command.started();
        const chunk = Buffer.alloc(64 * 1024);
        for (; sent < 3 * channelWindowBytes; sent += chunk.length) await command.write('stdout', chunk);
        command.exit(0);
      },
      [],
      { terminal },
    );
    await eventually(() => sent === channelWindowBytes, 'a full window');
    unblocked.resolve();
    assert.equal((await running).stdout.length, 3 * channelWindowBytes);
  });

  it('refuses more output than it allowed', async () => {
    const { code, stderr } = await exec(
      async (command) => {
        await command.started();
        for (let sent = 0; sent <= channelWindowBytes; sent += 64 * 1024)
          command.flood('stdout', Buffer.alloc(64 * 1024));
        await command.until(() => command.canceled);
      },
      [],
      { terminal: blockedTerminal() },
    );
    assert.equal(code, 1);
    assert.equal(stderr, 'Error: The server sent more output than it may\n');
  });

  it('sends stdin as far as it is allowed to, and its end', async () => {
    const stdin = 'abcdefghijklmnopqrstuvwxyz'.repeat(10_000);
    const { command } = await exec(
      async (command) => {
        await command.started();
        for (let granted = 0; granted < stdin.length; granted += 26_000) {
          assert.equal(command.stdin.length, granted);
          command.grantStdin(26_000);
          await command.until(() => command.stdin.length === granted + 26_000);
        }
        await command.until(() => command.stdinClosed);
        command.exit(0);
      },
      [],
      { stdin },
    );
    assert.equal(command.stdin.toString(), stdin);
  });

  it('ends when the command does, whoever still types', async () => {
    const { code } = await exec(exitWith(7), [], { stdin: new Readable({ read() {} }) });
    assert.equal(code, 7);
  });

  it('gives an empty stdin when told to', async () => {
    const untouched = new Readable({ read: () => assert.fail('stdin was read') });
    const { command } = await exec(
      async (command) => {
        await command.started();
        await command.until(() => command.stdinClosed);
        command.exit(0);
      },
      ['-n'],
      { stdin: untouched },
    );
    assert.equal(command.stdin.length, 0);
  });

  it('passes signals on', async () => {
    const terminal = new FakeTerminal();
    const { command, code } = await exec(
      async (command) => {
        await command.started();
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)
          terminal.raise(signal);
        await command.until(() => command.received.filter(({ signal }) => signal).length === 6);
        command.exit(143);
      },
      [],
      { terminal },
    );
    assert.equal(code, 143);
    assert.deepEqual(
      command.received.flatMap(({ signal }) => (signal ? [signal.number] : [])),
      [2, 15, 1, 3, 10, 12],
    );
    assert.equal(terminal.listensTo('SIGTERM'), false);
  });

  it('ends quietly and cancels when nobody reads its output any more', async () => {
    const terminal = new FakeTerminal();
    terminal.output.closed = true;
    const { code, stderr, command } = await exec(
      async (command) => {
        await command.started();
        await command.write('stdout', 'hello');
      },
      [],
      { terminal },
    );
    assert.deepEqual([code, stderr], [141, '']);
    await eventually(() => command.canceled);
  });

  it('fails when the server ends without an exit code', async () => {
    const { code, stderr } = await exec(async (command) => {
      await command.started();
      command.vanish();
    });
    assert.deepEqual([code, stderr], [1, 'Error: The server ended the command without its exit code\n']);
  });

  it('shows the error of a server that refuses', async () => {
    await using server = await ScriptedServer.start();
    const { code, stderr } = await runInProcess(server.socket, ['exec', 'web', '--', 'x']);
    assert.deepEqual([code, stderr], [1, 'Error: ExecService/Exec is not scripted\n']);
  });
});

describe('yurt exec on a terminal', () => {
  const tty = { tty: true, columns: 100, stdin: new Readable({ read() {} }) };

  it('gives the command one, of the same size', async () => {
    const { command, terminal } = await exec(exitWith(0), [], tty);
    assert.deepEqual([command.start?.terminal, command.start?.size], [true, { columns: 100, rows: 24 }]);
    assert.deepEqual(terminal.rawStates, [true, false]);
  });

  for (const [argv, interactive] of [
    [['-T'], false],
    [['-n'], false],
    [['--mode', 'non-interactive'], false],
    [['--mode=interactive'], true],
    [['-t'], true],
  ] as const) {
    it(`${interactive ? 'gives' : 'does not give'} one with ${argv.join(' ')}`, async () => {
      const { command, terminal } = await exec(exitWith(0), argv, tty);
      assert.equal(command.start?.terminal, interactive);
      assert.deepEqual(terminal.rawStates, interactive ? [true, false] : []);
    });
  }

  it('can be asked for without one here', async () => {
    const { command, terminal } = await exec(exitWith(0), ['-t']);
    assert.deepEqual([command.start?.terminal, command.start?.size], [true, null]);
    assert.deepEqual(terminal.rawStates, []);
  });

  it('follows its size', async () => {
    const terminal = new FakeTerminal(tty);
    const { command } = await exec(
      async (command) => {
        await command.started();
        terminal.raise('SIGWINCH');
        await command.until(() => command.received.some(({ resize }) => resize));
        command.exit(0);
      },
      [],
      { terminal },
    );
    assert.deepEqual(command.received.find(({ resize }) => resize)?.resize, { columns: 100, rows: 24 });
  });

  it('ends when it goes away', async () => {
    const terminal = new FakeTerminal(tty);
    const { code, command } = await exec(
      async (command) => {
        await command.started();
        terminal.raise('SIGHUP');
      },
      [],
      { terminal },
    );
    assert.equal(code, 129);
    await eventually(() => command.canceled);
    assert.deepEqual(terminal.rawStates, [true, false]);
  });

  for (const argv of [
    ['-t', '-T'],
    ['-t', '--mode', 'auto2'],
    ['-t', '--mode=interactive'],
    ['--mode=x'],
    ['-n', '-t'],
    ['--user=bob'],
  ]) {
    it(`refuses ${argv.join(' ')}`, async () => {
      const { code, stderr } = await runInProcess('/nowhere', ['exec', ...argv, 'web', 'ls']);
      assert.equal(code, 1);
      assert.match(stderr, /^Error: .+\n(Run "yurt exec --help" for the usage\n)?$/);
      assert.doesNotMatch(stderr, /Cannot reach/);
    });
  }
});

describe('yurt shell', () => {
  it('opens the first login shell that the instance has', async () => {
    await using server = await ScriptedServer.start();
    const tried: string[][] = [];
    server.onDuplex('ExecService', 'Exec', async (call) => {
      const command = new ScriptedCommand(call);
      await command.until(() => command.start !== undefined);
      tried.push(command.start?.command ?? []);
      if (command.start?.command[0] === 'su') return command.exit(127, 'no such file');
      await command.started();
      command.exit(5);
    });
    const { code, stderr } = await runInProcess(server.socket, ['shell', 'web']);
    assert.deepEqual([code, stderr], [5, '']);
    assert.deepEqual(tried, [
      ['su', '-l'],
      ['/bin/sh', '-l'],
    ]);
  });

  it('says so when there is none', async () => {
    await using server = await ScriptedServer.start();
    server.onDuplex('ExecService', 'Exec', (call) => new ScriptedCommand(call).exit(127, 'no such file'));
    const { code, stderr } = await runInProcess(server.socket, ['shell', 'web']);
    assert.equal(code, 127);
    assert.equal(
      stderr,
      'Error: Instance "web" has neither su nor /bin/sh. Run a program of its own with "yurt exec"\n',
    );
  });
});

/** A terminal whose stdout takes nothing: no credit comes back. */
function blockedTerminal(): FakeTerminal {
  const terminal = new FakeTerminal();
  terminal.output.blocked = new Promise(() => {});
  return terminal;
}
