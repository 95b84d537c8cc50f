import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { FakeTerminal, type FakeTerminalOptions, runInProcess } from '../testing/fake-terminal.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';

/** A server that creates whatever is asked for; a random name is `brave-yak`. */
async function creating(): Promise<ScriptedServer> {
  const server = await ScriptedServer.start();
  server.on('InstanceService', 'CreateInstance', ({ name }) => ({
    ...server.done('create'),
    name: name || 'brave-yak',
  }));
  server.on('ProfileService', 'GetProfile', ({ name }) => ({
    profile: {
      name,
      devices: {
        root: { options: { type: 'disk', path: '/', pool: 'default' } },
        eth0: { options: { type: 'nic', network: 'yurtbr0', name: 'eth0' } },
      },
    },
  }));
  return server;
}

async function request(argv: readonly string[], options: FakeTerminalOptions = {}): Promise<Record<string, unknown>> {
  await using server = await creating();
  const { code, stderr } = await runInProcess(server.socket, argv, options);
  assert.deepEqual([code, stderr], [0, '']);
  const [sent] = server.requestsOf('InstanceService/CreateInstance');
  return sent as Record<string, unknown>; // the one that was sent
}

/** A request with nothing but an image and a name. */
const plain = {
  ...{ image: 'tiny', name: 'web', project: '', description: '', ephemeral: false, noProfiles: false, start: true },
  ...{ profiles: [], config: {}, devices: {} },
};

describe('yurt launch', () => {
  it('says what it does', async () => {
    await using server = await creating();
    const { code, stdout, stderr } = await runInProcess(server.socket, ['launch', 'tiny', 'web']);
    assert.deepEqual([code, stdout, stderr], [0, 'Creating web\nStarting web\n', '']);
  });

  it('tells the name that the server picked, also when quiet', async () => {
    await using server = await creating();
    const loud = await runInProcess(server.socket, ['launch', 'tiny']);
    assert.equal(loud.stdout, 'Creating the instance\nInstance name is: brave-yak\nStarting brave-yak\n');
    const quiet = await runInProcess(server.socket, ['launch', 'tiny', '-q']);
    assert.equal(quiet.stdout, 'Instance name is: brave-yak\n');
  });

  it('sends what the options say', async () => {
    assert.deepEqual(await request(['launch', 'tiny', 'web']), plain);
    assert.deepEqual(
      await request([
        ...['launch', 'tiny', 'web', '-c', 'limits.memory=1GiB', '-c', 'user.x=a=b', '-p', 'a', '-p', 'b', '-e'],
        ...['--description', 'The web', '--project', 'p'],
      ]),
      {
        ...plain,
        config: { 'limits.memory': '1GiB', 'user.x': 'a=b' },
        profiles: ['a', 'b'],
        ephemeral: true,
        description: 'The web',
        project: 'p',
      },
    );
    assert.deepEqual(await request(['launch', 'local:tiny', 'web', '--no-profiles']), { ...plain, noProfiles: true });
    assert.deepEqual(await request(['init', 'tiny', 'web']), { ...plain, start: false });
    assert.deepEqual(await request(['create', 'tiny', 'web']), { ...plain, start: false });
  });

  it('changes devices that the profiles bring', async () => {
    const devices = async (...argv: string[]) => (await request(['launch', 'tiny', 'web', ...argv]))['devices'];
    const root = { type: 'disk', path: '/', pool: 'default' };
    assert.deepEqual(await devices('-d', 'root,size=10GiB'), { root: { options: { ...root, size: '10GiB' } } });
    assert.deepEqual(await devices('-s', 'big'), { root: { options: { ...root, pool: 'big' } } });
    assert.deepEqual(await devices('-n', 'lan'), { eth0: { options: { type: 'nic', name: 'eth0', network: 'lan' } } });
    assert.deepEqual(await devices('-d', 'eth1,type=nic,network=lan', '-d', 'eth1,mtu=1400'), {
      eth1: { options: { type: 'nic', network: 'lan', mtu: '1400' } },
    });
    assert.deepEqual(await devices('--no-profiles', '-s', 'big'), {
      root: { options: { type: 'disk', path: '/', pool: 'big' } },
    });
  });

  for (const stdinKind of ['file', 'pipe'] as const) {
    it(`takes a document from a ${stdinKind}, and options over it`, async () => {
      const stdin = [
        'config: {limits.cpu: 2, limits.memory: 1GiB, user.number: 007}',
        'devices:',
        '  root: {type: disk, path: /, pool: fast}',
        'profiles: [a]',
        'description: From a file',
        'ephemeral: true',
        'status: Running',
      ].join('\n');
      assert.deepEqual(
        await request(['launch', 'tiny', 'web', '-c', 'limits.memory=2GiB', '-d', 'root,size=1GiB'], {
          stdin,
          stdinKind,
        }),
        {
          ...plain,
          config: { 'limits.cpu': '2', 'limits.memory': '2GiB', 'user.number': '007' },
          devices: { root: { options: { type: 'disk', path: '/', pool: 'fast', size: '1GiB' } } },
          profiles: ['a'],
          description: 'From a file',
          ephemeral: true,
        },
      );
    });
  }

  it('takes no document from a file that somebody reads line by line', async () => {
    const stdin = 'web2\nweb3\n';
    assert.deepEqual(await request(['launch', 'tiny', 'web'], { stdin, stdinKind: 'file', stdinStarted: true }), plain);
  });

  it('does not wait for a pipe that stays silent', async () => {
    const silent = new Readable({ read() {} });
    assert.deepEqual(await request(['launch', 'tiny', 'web'], { stdin: silent, stdinKind: 'pipe' }), plain);
  });

  it('waits for the end of a pipe that has begun to speak', async () => {
    const slow = new Readable({ read() {} });
    slow.push('config:\n');
    const sent = request(['launch', 'tiny', 'web'], { stdin: slow, stdinKind: 'pipe' });
    setTimeout(() => {
      slow.push('  user.late: "yes"\n');
      slow.push(null);
    }, 150);
    assert.deepEqual((await sent)['config'], { 'user.late': 'yes' });
  });

  for (const [stdin, message] of [
    ['web2\nweb3\n', 'The document on stdin is not a map with config, devices, profiles, description and ephemeral'],
    ['config: [a]', 'The document on stdin has a "config" that is not a map of texts'],
    ['configs: {}', 'The document on stdin has the unknown key "configs"'],
    ['a: "', 'The document on stdin is not YAML: Missing closing "quote at line 1, column 5:'],
    [`a: ${'x'.repeat(1024 * 1024)}`, 'The document on stdin is larger than 1048576 bytes'],
  ] as const) {
    it(`refuses ${JSON.stringify(stdin.slice(0, 20))} as a document`, async () => {
      await using server = await creating();
      const { code, stderr } = await runInProcess(server.socket, ['launch', 'tiny', 'web'], { stdin });
      assert.equal(code, 1);
      assert.equal(stderr.startsWith(`Error: ${message}`), true, stderr);
      assert.deepEqual(server.requestsOf('InstanceService/CreateInstance'), []);
    });
  }

  it('shows the fault of an operation that fails', async () => {
    await using server = await creating();
    server.on('InstanceService', 'CreateInstance', () => ({
      name: 'web',
      ...server.operation('x', [
        { status: 'OPERATION_STATUS_RUNNING' },
        { status: 'OPERATION_STATUS_FAILED', fault: { code: 'exhausted', message: 'The pool is \x1b[31mfull' } },
      ]),
    }));
    const { code, stdout, stderr } = await runInProcess(server.socket, ['launch', 'tiny', 'web']);
    assert.deepEqual([code, stdout, stderr], [1, 'Creating web\n', 'Error: The pool is \\x1b[31mfull\n']);
  });

  it('cancels the operation on Ctrl-C and exits with 130', async () => {
    await using server = await creating();
    const canceled = Promise.withResolvers<void>();
    server.onStream('OperationService', 'WatchOperation', async (call) => {
      call.write({
        operation: { id: 'slow', status: 'OPERATION_STATUS_RUNNING', description: 'Creating instance web' },
      });
      await canceled.promise;
      call.write({ operation: { id: 'slow', status: 'OPERATION_STATUS_CANCELED' } });
      call.end();
    });
    server.on('InstanceService', 'CreateInstance', () => ({
      name: 'web',
      ...server.operation('slow', [{ status: 'OPERATION_STATUS_RUNNING' }]),
    }));
    server.on('OperationService', 'CancelOperation', () => {
      canceled.resolve();
      return {};
    });
    const terminal = new FakeTerminal();
    const running = runInProcess(server.socket, ['launch', 'tiny', 'web'], { terminal });
    while (!terminal.listensTo('SIGINT')) await new Promise(setImmediate);
    terminal.raise('SIGINT');
    const { code, stderr } = await running;
    assert.deepEqual([code, stderr], [130, 'Error: Canceled\n']);
    assert.deepEqual(server.requestsOf('OperationService/CancelOperation'), [{ id: 'slow' }]);
  });

  it('attaches to the console when asked to', async () => {
    await using server = await creating();
    server.onDuplex('ConsoleService', 'AttachConsole', (call) => {
      call.once('data', ({ start }) => {
        call.write({ output: Buffer.from(`console of ${start?.instance}\r\n`) });
        call.end();
      });
    });
    const { code, stdout } = await runInProcess(server.socket, ['launch', 'tiny', 'web', '--console']);
    assert.deepEqual([code, stdout], [0, 'Creating web\nStarting web\nconsole of web\r\n']);
    const wrong = await runInProcess(server.socket, ['launch', 'tiny', 'web', '--console=vga']);
    assert.equal(wrong.stderr, 'Error: Unknown console type "vga"\nRun "yurt launch --help" for the usage\n');
  });
});

describe('yurt launch of an image that is not here', () => {
  /** A server that has a recipe for `debian/12`, and the image once it was built. */
  async function buildable(): Promise<ScriptedServer> {
    const server = await creating();
    let built = false;
    server.on('InstanceService', 'CreateInstance', ({ name, image }) => {
      if (!built && image !== 'tiny') throw Refusal.notFound(`Image "${image}" does not exist`);
      return { ...server.done('create'), name };
    });
    server.on('ImageService', 'GetImage', ({ image }) => {
      if (!built && image !== 'tiny') throw Refusal.notFound(`Image "${image}" does not exist`);
      return { image: { fingerprint: 'abc' } };
    });
    server.on('ImageService', 'ListRecipes', () => ({
      recipes: [{ name: 'debian', images: ['debian/12', 'debian/13'] }],
    }));
    server.on('ImageService', 'BuildImage', () => {
      built = true;
      const progress = (stage: string, done: number) => ({
        status: 'OPERATION_STATUS_RUNNING' as const,
        progress: { stage, done, total: 100, unit: 'percent' },
      });
      return server.operation('build', [
        progress('Downloading packages', 0),
        progress('Downloading packages', 60),
        progress('Packing image', 0),
        { status: 'OPERATION_STATUS_SUCCEEDED', result: { imageFingerprint: 'abc', warnings: ['no docs'] } },
      ]);
    });
    return server;
  }

  it('says so and builds it where nobody can be asked', async () => {
    await using server = await buildable();
    const { code, stdout, stderr } = await runInProcess(server.socket, ['launch', 'debian/12', 'web']);
    assert.deepEqual([code, stdout], [0, 'Creating web\nStarting web\n']);
    assert.equal(
      stderr,
      'Image "debian/12" is not here yet: building it from its recipe\nDownloading packages\nPacking image\nWarning: no docs\n',
    );
    assert.deepEqual(server.requestsOf('ImageService/BuildImage').length, 1);
  });

  it('asks on a terminal, and shows one line', async () => {
    await using server = await buildable();
    const { code, stderr } = await runInProcess(server.socket, ['launch', 'debian/12', 'web'], {
      tty: true,
      stdin: 'what?\n\n',
    });
    assert.equal(code, 0);
    const question = 'Image "debian/12" is not here yet. Build it from its recipe now? (yes/no) [default=yes]: ';
    const lines = ['Downloading packages', 'Downloading packages: 60%', 'Packing image'].map(
      (line) => `\r\x1b[K${line}`,
    );
    assert.equal(stderr, `${question}${question}${lines.join('')}\r\x1b[KWarning: no docs\n`);
  });

  it('builds nothing when the answer is no, or there is none', async () => {
    await using server = await buildable();
    for (const stdin of ['no\n', '']) {
      const { code } = await runInProcess(server.socket, ['launch', 'debian/12', 'web'], { tty: true, stdin });
      assert.equal(code, 1);
    }
    assert.deepEqual(server.requestsOf('ImageService/BuildImage'), []);
  });

  it('names what can be built when no recipe builds it', async () => {
    await using server = await buildable();
    const { code, stderr } = await runInProcess(server.socket, ['launch', 'nixos', 'web']);
    assert.deepEqual(
      [code, stderr],
      [1, 'Error: Image "nixos" does not exist. Recipes build "debian/12", "debian/13"\n'],
    );
  });

  it('shows the error of the server when something else was not found', async () => {
    await using server = await buildable();
    server.on('InstanceService', 'CreateInstance', () => {
      throw Refusal.notFound('Profile "small" does not exist');
    });
    const { code, stderr } = await runInProcess(server.socket, ['launch', 'tiny', 'web', '-p', 'small']);
    assert.deepEqual([code, stderr], [1, 'Error: Profile "small" does not exist\n']);
  });
});
