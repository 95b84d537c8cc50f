import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Project } from '../../proto/gen/yurt/v1/Project.ts';
import { runInProcess } from '../testing/fake-terminal.ts';
import { assertGolden } from '../testing/goldens.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';

const evil = 'x\x1b[2J\r\nB';
const projects: readonly Project[] = [
  { name: 'default', description: 'Default', config: {}, usedBy: ['instance/a', 'profile/b'], etag: 'd' },
  { name: 'blue', config: { 'features.images': 'false', 'features.profiles': 'true', 'user.x': evil }, etag: 'b' },
  { name: evil, description: evil, usedBy: [evil] },
];

describe('yurt project', () => {
  let server: ScriptedServer;
  let directory: string;
  const yurt = (...argv: string[]) => runInProcess(server.socket, argv, { env: { YURT_CONF: directory } });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'yurt-conf-'));
    server = await ScriptedServer.start();
    server.on('ProjectService', 'ListProjects', () => ({ projects: [...projects] }));
    server.on('ProjectService', 'GetProject', ({ name }) => {
      const project = projects.find((one) => one.name === name);
      if (project === undefined) throw Refusal.notFound(`Project "${name}" does not exist`);
      return { project };
    });
    server.on('ProjectService', 'UpdateProject', () => ({ project: projects[1] ?? null }));
    server.on('ProjectService', 'CreateProject', () => ({ project: projects[1] ?? null }));
    server.on('ProjectService', 'DeleteProject', () => server.done());
    server.on('ProjectService', 'GetProjectUsage', () => ({
      resources: [
        { name: 'instances', limited: true, limit: 5, used: 2 },
        { name: 'memory', unit: 'bytes', used: 1_048_576 },
      ],
    }));
    server.on('InstanceService', 'ListInstances', () => ({ instances: [] }));
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  for (const argv of [
    ['project', 'list'],
    ['project', 'list', '-f', 'json'],
    ['project', 'list', '-f', 'csv,header', '-c', 'un'],
    ['project', 'show', 'blue'],
    ['project', 'info', 'blue'],
  ]) {
    it(`${argv.slice(1).join(' ')} prints what there is, harmlessly`, async () => {
      const { code, stdout, stderr } = await yurt(...argv);
      assert.deepEqual([code, stderr], [0, '']);
      assertGolden(import.meta.dirname, `${argv.join('-')}.txt`, stdout);
    });
  }

  it('is the one of --project, else the one that was switched to', async () => {
    assert.equal((await yurt('project', 'get-current')).stdout, 'default\n');
    assert.match((await yurt('project', 'switch', 'none')).stderr, /Project "none" does not exist/);
    assert.equal((await yurt('project', 'switch', 'blue')).code, 0);
    assert.equal((await yurt('project', 'get-current')).stdout, 'blue\n');
    for (const argv of [['list'], ['list', '--project', 'default'], ['ls', '--all-projects']]) await yurt(...argv);
    assert.deepEqual(
      server.requestsOf('InstanceService/ListInstances').map((request) => (request as { project: string }).project),
      ['blue', 'default', 'blue'],
    );
    assert.equal((await yurt('project', 'delete', 'blue')).stdout, 'Project blue deleted\n');
    assert.equal((await yurt('project', 'get-current')).stdout, 'default\n');
  });

  it('has columns, and no others', async () => {
    assert.match((await yurt('project', 'list', '-c', 'nx')).stderr, /Unknown column shorthand char 'x' in 'nx'/);
    assert.match((await yurt('project', 'list', '-c', '')).stderr, /Empty column list/);
  });

  it('is created with what is given', async () => {
    const { stdout } = await yurt(
      'project',
      'create',
      'blue',
      '-c',
      'limits.instances=5',
      '-s',
      'fast',
      '--description',
      'D',
    );
    assert.equal(stdout, 'Project blue created\n');
    assert.deepEqual(server.requestsOf('ProjectService/CreateProject'), [
      { name: 'blue', description: 'D', config: { 'limits.instances': '5' }, storagePool: 'fast', network: '' },
    ]);
  });

  it('is changed on what it was read as', async () => {
    assert.equal((await yurt('project', 'set', 'blue', 'limits.cpu=4')).code, 0);
    assert.deepEqual(server.requestsOf('ProjectService/UpdateProject'), [
      {
        ...{ name: 'blue', etag: 'b', description: '' },
        config: { 'features.images': 'false', 'features.profiles': 'true', 'user.x': evil, 'limits.cpu': '4' },
      },
    ]);
  });
});
