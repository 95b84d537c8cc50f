import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { spawn as spawnOnTerminal } from 'node-pty';
import { eventually } from './testing/eventually.ts';
import { instances } from './testing/samples.ts';
import { ScriptedCommand } from './testing/scripted-command.ts';
import { ScriptedServer } from './testing/scripted-server.ts';

const main = join(import.meta.dirname, 'main.ts');
const run = promisify(execFile);

function env(server: ScriptedServer): Record<string, string> {
  return { YURT_SOCKET: server.socket, HOME: server.directory, PATH: process.env['PATH'] ?? '', TERM: 'xterm' };
}

function start(
  server: ScriptedServer,
  argv: readonly string[],
): ChildProcess & { stdin: object; stdout: object; stderr: object } {
  const child = spawn(process.execPath, [main, ...argv], { env: env(server) });
  return child;
}

/** A server whose `exec` runs `script`; the commands it got. */
async function executing(
  script: (command: ScriptedCommand) => Promise<void>,
): Promise<{ server: ScriptedServer; commands: ScriptedCommand[] }> {
  const server = await ScriptedServer.start();
  const commands: ScriptedCommand[] = [];
  server.onDuplex('ExecService', 'Exec', async (call) => {
    const command = new ScriptedCommand(call);
    commands.push(command);
    await script(command);
  });
  return { server, commands };
}

async function closed(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  const [code, signal] = await once(child, 'close');
  return code ?? signal;
}

describe('the process yurt', () => {
  it('prints a list', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'ListInstances', () => ({ instances: [...instances] }));
    const { stdout, stderr } = await run(process.execPath, [main, 'list', '-c', 'n', '-f', 'csv'], {
      env: env(server),
    });
    assert.deepEqual([stdout, stderr], ['db\nweb9\nweb10\n', '']);
  });

  it('says what to do when nobody listens', async () => {
    const nowhere = { YURT_DIR: '/nonexistent' };
    await assert.rejects(run(process.execPath, [main, 'list'], { env: nowhere }), {
      code: 1,
      stdout: '',
      stderr:
        'Error: Cannot reach yurtd at /nonexistent/unix.socket: it is not running. Start it with "npm start" in yurt\'s directory, or run "yurtd" as root\n',
    });
  });

  it('ends quietly when its reader goes', async () => {
    await using server = await ScriptedServer.start();
    const many = Array.from({ length: 20_000 }, (_, index) => ({ name: `instance-${index}` }));
    server.on('InstanceService', 'ListInstances', () => ({ instances: many }));
    const child = start(server, ['list', '-f', 'json']);
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    assert.equal(await closed(child), 141);
    assert.equal(stderr, '');
  });

  it('starts without what talks to the server when it need not', async () => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', reportModules(['--help'])], {
      env: {},
    });
    const loaded: string[] = JSON.parse(stdout.slice(stdout.lastIndexOf('\n[') + 1));
    assert.equal(loaded.includes('NativeModule http2') || loaded.includes('NativeModule tls'), false);
  });

  it('keeps compiled code only where nobody else can put some', async () => {
    await using server = await ScriptedServer.start();
    const cached = async (name: string, mode: number): Promise<boolean> => {
      const directory = join(server.directory, name);
      mkdirSync(directory);
      chmodSync(directory, mode);
      const { stdout } = await run(process.execPath, [main, '--version'], { env: { XDG_CACHE_HOME: directory } });
      assert.match(stdout, /^\d/);
      return existsSync(join(directory, 'yurt'));
    };
    assert.deepEqual([await cached('own', 0o700), await cached('open', 0o777)], [true, false]);
    const { stdout } = await run(process.execPath, [main, '--version'], { env: { XDG_CACHE_HOME: '/proc/self' } });
    assert.match(stdout, /^\d/);
  });

  for (const [what, stdin, config] of [
    ['a file', 'file', { 'user.a': 'b' }],
    ['a silent pipe', 'pipe', {}],
    ['/dev/null', 'ignore', {}],
  ] as const) {
    it(`launches with ${what} on stdin`, async () => {
      await using server = await ScriptedServer.start();
      server.on('InstanceService', 'CreateInstance', ({ name }) => ({ ...server.done(), name }));
      const file = join(server.directory, 'box.yaml');
      writeFileSync(file, 'config: {user.a: b}\n');
      const child = spawn(process.execPath, [main, 'launch', 'tiny', 'box'], {
        env: env(server),
        stdio: [stdin === 'file' ? openSync(file, 'r') : stdin, 'pipe', 'inherit'],
      });
      assert.equal(await closed(child), 0);
      const [sent] = server.requestsOf('InstanceService/CreateInstance') as { config: object }[]; // as sent
      assert.deepEqual({ ...sent?.config }, config);
    });
  }
});

describe('the process yurt exec', () => {
  it('loses nothing in pipes that are read slowly', async () => {
    const data = randomBytes(12 * 1024 * 1024);
    const { server } = await executing(async (command) => {
      await command.started();
      await Promise.all([command.write('stdout', data), command.write('stderr', data.subarray(0, 1_000_001))]);
      command.exit(9);
    });
    await using _ = server;
    const child = start(server, ['exec', 'web', '--', 'cat']);
    const sums = [createHash('sha256'), createHash('sha256')] as const;
    const read = async (stream: AsyncIterable<Buffer> | null, sum: (typeof sums)[0]) => {
      for await (const chunk of stream ?? []) {
        sum.update(chunk);
        await new Promise(setImmediate);
      }
    };
    const [code] = await Promise.all([closed(child), read(child.stdout, sums[0]), read(child.stderr, sums[1])]);
    const sumOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual(
      [code, sums[0].digest('hex'), sums[1].digest('hex')],
      [9, sumOf(data), sumOf(data.subarray(0, 1_000_001))],
    );
  });

  it('goes on with stdout while nobody reads stderr', async () => {
    const data = Buffer.alloc(4 * 1024 * 1024, 'x');
    const { server } = await executing(async (command) => {
      await command.started();
      await Promise.all([command.write('stderr', data), command.write('stdout', data)]);
      command.exit(0);
    });
    await using _ = server;
    const child = start(server, ['exec', 'web', '--', 'noisy']);
    child.stderr?.pause();
    let read = 0;
    child.stdout?.on('data', (chunk) => {
      read += chunk.length;
    });
    await eventually(() => read === data.length, 'all of stdout');
    child.stderr?.resume();
    assert.equal(await closed(child), 0);
  });

  it('sends stdin through, with its end', async () => {
    const data = randomBytes(3 * 1024 * 1024);
    const { server, commands } = await executing(async (command) => {
      await command.started();
      while (!command.stdinClosed) {
        const granted = command.stdinGranted;
        command.grantStdin(100_000);
        await command.until(() => command.stdin.length === granted + 100_000 || command.stdinClosed);
      }
      command.exit(0);
    });
    await using _ = server;
    const child = start(server, ['exec', 'web', '--', 'cat']);
    child.stdin?.end(data);
    assert.equal(await closed(child), 0);
    assert.equal(commands[0]?.stdin.equals(data), true);
  });

  it('cancels the command when its reader goes', async () => {
    const { server, commands } = await executing(async (command) => {
      await command.started();
      while (!command.canceled) await command.write('stdout', 'y\n'.repeat(1000));
    });
    await using _ = server;
    const child = start(server, ['exec', 'web', '--', 'yes']);
    child.stdout?.once('data', () => child.stdout?.destroy());
    assert.equal(await closed(child), 141);
    await eventually(() => commands[0]?.canceled === true);
  });

  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
    ['SIGUSR1', 10],
  ] as const) {
    it(`passes ${signal} on and ends with the command's code`, async () => {
      const { server, commands } = await executing(async (command) => {
        await command.started();
        await command.until(() => command.received.some((request) => request.signal));
        command.exit(128 + number);
      });
      await using _ = server;
      const child = start(server, ['exec', 'web', '--', 'sleep']);
      await eventually(() => commands[0]?.stdinClosed === false && commands[0].start !== undefined);
      child.kill(signal);
      assert.equal(await closed(child), 128 + number);
      assert.equal(commands[0]?.received.find((request) => request.signal)?.signal?.number, number);
    });
  }
});

describe('the process yurt exec on a terminal', () => {
  /** Runs `yurt exec` between two looks at the terminal's settings. */
  function onTerminal(server: ScriptedServer) {
    const script = 'stty -g; "$0" "$1" exec web -- cmd; echo "code $?"; stty -g';
    const terminal = spawnOnTerminal('sh', ['-c', script, process.execPath, main], {
      ...{ cols: 90, rows: 30, name: 'xterm', env: env(server) },
    });
    let text = '';
    terminal.onData((data) => {
      text += data;
    });
    return { terminal, text: () => text };
  }

  /** That the settings printed first and last are the same, and the code. */
  function check(text: string, code: number): void {
    const lines = text.trim().split(/\r?\n/);
    assert.equal(lines.includes(`code ${code}`), true, text);
    assert.match(lines[0] ?? '', /^[0-9a-f]+:/);
    assert.equal(lines.at(-1), lines[0]);
  }

  it('is raw while the command runs, follows its size, and is itself again after it', async () => {
    const { server, commands } = await executing(async (command) => {
      await command.started();
      command.grantStdin(1000);
      await command.write('stdout', 'ready\n');
      await command.until(() => command.stdin.includes('\x03') && command.received.some(({ resize }) => resize));
      command.exit(3);
    });
    await using _ = server;
    const { terminal, text } = onTerminal(server);
    await eventually(() => text().includes('ready'), 'the command');
    assert.match(text(), /ready\n/);
    assert.deepEqual([commands[0]?.start?.terminal, commands[0]?.start?.size], [true, { columns: 90, rows: 30 }]);
    terminal.write('\x03');
    terminal.resize(120, 40);
    await eventually(() => text().includes('code 3') && /:[^\n]*\n$/.test(text()), 'the end');
    check(text(), 3);
    assert.deepEqual(commands[0]?.received.find(({ resize }) => resize)?.resize, { columns: 120, rows: 40 });
    terminal.kill();
  });

  it('is itself again when the server dies', async () => {
    const { server, commands } = await executing(async (command) => {
      await command.started();
      await command.write('stdout', 'ready\n');
    });
    const { terminal, text } = onTerminal(server);
    await eventually(() => text().includes('ready') && commands.length === 1, 'the command');
    await server[Symbol.asyncDispose]();
    await eventually(() => text().includes('code 1') && /:[^\n]*\n$/.test(text()), 'the end');
    assert.match(text(), /Error: The server closed the connection/);
    check(text(), 1);
    terminal.kill();
  });
});

/** A program that runs `yurt` and then tells which of Node's modules it loaded. */
function reportModules(argv: readonly string[]): string {
  return `process.argv.push(${argv.map((word) => JSON.stringify(word)).join(',')});
    process.on('exit', () => require('fs').writeSync(1, '\\n' + JSON.stringify(process.moduleLoadList)));
    import { createRequire } from 'node:module'; const require = createRequire('/');
    await import(${JSON.stringify(main)});`;
}
