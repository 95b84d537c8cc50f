import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { runInProcess } from '../testing/fake-terminal.ts';
import { images, instances } from '../testing/samples.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';
import { candidates } from './candidates.ts';
import { completionScript } from './script.ts';

const run = promisify(execFile);

const known: Readonly<Record<string, readonly string[]>> = {
  instances: ['web1', 'web2', 'db', '$(reboot)', 'a b', '-rf', '`id`'],
  images: ['debian/12', 'tiny', 'ubuntu:24.04'],
  'buildable-images': ['debian/13'],
  profiles: ['default', 'small'],
};

async function complete(...words: string[]): Promise<readonly string[] | 'files'> {
  const found = await candidates(words, async (kind) => known[kind] ?? []);
  return found === 'files' ? found : found.map(({ word }) => word);
}

describe('completion', () => {
  for (const [words, expected] of [
    [['la'], ['launch']],
    [['st'], ['start', 'stop', 'storage']],
    [
      ['image', ''],
      ['list', 'build', 'info', 'delete', 'copy'],
    ],
    [['--project', 'p', 'image', 'b'], ['build']],
    [['--pro'], ['--project']],
    [['--project', ''], []],
    [
      ['stop', ''],
      ['web1', 'web2', 'db'],
    ],
    [['stop', 'web1', 'w'], ['web2']],
    [['shell', 'web1', ''], []],
    [
      ['stop', '--f'],
      ['--force', '--force-local'],
    ],
    [['stop', '--force', '--f'], ['--force-local']],
    [['launch', 'deb'], ['debian/12']],
    [
      ['launch', 'tiny', '-p', ''],
      ['default', 'small'],
    ],
    [['launch', 'tiny', '-p', 'small', '--profile', 'd'], ['default']],
    [['launch', 'tiny', '--profile=s'], ['--profile=small']],
    [
      ['list', '-f', 'c'],
      ['csv', 'compact'],
    ],
    [['ls', '--format=js'], ['--format=json']],
    [
      ['exec', 'w'],
      ['web1', 'web2'],
    ],
    [['exec', 'web1', '--mode', 'non'], ['non-interactive']],
    [['exec', 'web1', '--', ''], 'files'],
    [['exec', 'web1', 'ls', '-'], 'files'],
    [['image', 'build', ''], ['debian/13']],
    [['image', 'build', './'], 'files'],
    [
      ['help', 'im'],
      ['image', 'import'],
    ],
    [['help', 'image', 'l'], ['list']],
    [['nonsense', ''], []],
    [['image', 'nonsense', ''], []],
    [['complet'], ['completion']],
  ] as const) {
    it(`of ${JSON.stringify(words.join(' '))}`, async () => {
      assert.deepEqual(await complete(...words), expected);
    });
  }

  it('offers nothing that a shell would act upon', async () => {
    for (const word of (await complete('delete', '')) as readonly string[])
      assert.match(word, /^[A-Za-z0-9][\w./:@+-]*$/);
  });

  it('asks the server for names', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'ListInstances', () => ({ instances: [...instances] }));
    server.on('ImageService', 'ListImages', () => ({ images: [...images] }));
    server.on('ImageService', 'ListRecipes', () => ({ recipes: [{ name: 'debian', images: ['debian/13'] }] }));
    const answer = async (...words: string[]) =>
      (await runInProcess(server.socket, ['complete', '--', ...words])).stdout;
    assert.equal(await answer('stop', 'web'), 'words\nweb9\t\nweb10\t\n');
    assert.equal(await answer('launch', ''), 'words\ndebian/12\t\ndebian/13\t\ndebian/bookworm\t\n');
    assert.equal(await answer('--project', 'p', 'stop', 'd'), 'words\ndb\t\n');
    server.on('ProjectService', 'ListProjects', () => ({ projects: [{ name: 'blue' }, { name: 'default' }] }));
    assert.equal(await answer('--project', 'b'), 'words\nblue\t\n');
    assert.equal(await answer('project', 'switch', 'd'), 'words\ndefault\t\n');
    assert.deepEqual(server.requestsOf('InstanceService/ListInstances').at(-1), {
      project: 'p',
      allProjects: false,
      withoutState: true,
      withoutConfig: true,
      stateParts: [],
      configKeys: [],
    });
  });

  it('asks it for the snapshots of an instance', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'ListInstances', () => ({ instances: [...instances] }));
    server.on('SnapshotService', 'ListSnapshots', ({ instance }) => ({
      snapshots: instance === 'web9' ? [{ name: 'snap0' }, { name: 'snap10' }] : [],
    }));
    const answer = async (...words: string[]) =>
      (await runInProcess(server.socket, ['complete', '--', ...words])).stdout;
    assert.equal(await answer('restore', 'web'), 'words\nweb9\t\nweb10\t\n');
    assert.equal(await answer('restore', 'web9', 'snap1'), 'words\nsnap10\t\n');
    assert.equal(await answer('copy', 'web9/'), 'words\nweb9/snap0\t\nweb9/snap10\t\n');
    assert.equal(await answer('snapshot', 'create', 'web9', ''), 'words\n');
  });

  it('has no names without a server, and does not say so', async () => {
    const { code, stdout, stderr } = await runInProcess('/nowhere', ['complete', '--', 'stop', '']);
    assert.deepEqual([code, stdout, stderr], [0, 'words\n', '']);
  });

  it('gives up on a server that does not answer', async () => {
    await using server = await ScriptedServer.start();
    server.on('InstanceService', 'ListInstances', () => new Promise(() => {}));
    assert.equal((await runInProcess(server.socket, ['complete', '--', 'stop', ''])).stdout, 'words\n');
  });
});

describe('the completion script of bash', () => {
  /** What bash would offer for the words, as it splits them; `yurt` is a stand-in that tells what it was asked. */
  async function inBash(words: readonly string[], answer: string): Promise<{ asked: string[]; offered: string[] }> {
    await using server = await ScriptedServer.start();
    const { directory } = server;
    writeFileSync(join(directory, 'script'), completionScript('bash') ?? '');
    writeFileSync(join(directory, 'answer'), answer);
    writeFileSync(
      join(directory, 'yurt'),
      `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/asked\ncat ${directory}/answer\n`,
      { mode: 0o755 },
    );
    const program = `compopt() { :; }; source ${directory}/script; source ${directory}/script
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _yurt; printf '%s\\n' "\${COMPREPLY[@]}"; echo --; cat ${directory}/asked`;
    const { stdout } = await run('bash', ['-euc', program, 'bash', join(directory, 'yurt'), ...words]);
    const [offered = '', asked = ''] = stdout.split('--\ncomplete\n--\n');
    return { asked: asked.split('\n').slice(0, -1), offered: offered.split('\n').filter((line) => line !== '') };
  }

  it('passes the words on and offers the answer', async () => {
    const { asked, offered } = await inBash(['stop', 'we'], 'words\nweb1\tan instance\nweb2\t\n');
    assert.deepEqual(
      [asked, offered],
      [
        ['stop', 'we'],
        ['web1', 'web2'],
      ],
    );
  });

  it('puts together what bash splits, and offers the part that bash replaces', async () => {
    assert.deepEqual(await inBash(['list', '--format', '=', 'js'], 'words\n--format=json\t\n'), {
      asked: ['list', '--format=js'],
      offered: ['json'],
    });
    assert.deepEqual(await inBash(['launch', 'ubuntu', ':', '24'], 'words\nubuntu:24.04\t\n'), {
      asked: ['launch', 'ubuntu:24'],
      offered: ['24.04'],
    });
    assert.deepEqual((await inBash(['list', '--format', '='], 'words\n--format=csv\t\n')).asked, ['list', '--format=']);
  });

  it('evaluates nothing', async () => {
    const { asked, offered } = await inBash(['stop', '$(echo pwned)', '`id`', '; id', ''], 'words\n$(id)\t\n');
    assert.deepEqual([asked, offered], [['stop', '$(echo pwned)', '`id`', '; id', ''], ['$(id)']]);
  });

  it('leaves files to bash', async () => {
    assert.deepEqual((await inBash(['exec', 'web', 'l'], 'files\n')).offered, []);
  });
});

describe('the completion scripts', () => {
  it('are there for bash, zsh and fish only', () => {
    for (const shell of ['bash', 'zsh', 'fish']) assert.match(completionScript(shell) ?? '', /complete -- /);
    for (const shell of ['powershell', '', 'toString']) assert.equal(completionScript(shell), undefined);
  });
});
