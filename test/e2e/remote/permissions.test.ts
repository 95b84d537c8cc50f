import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KeyPair, makeKeyPair } from '../../../proto/remote/certificate.ts';
import { Daemon, projectRoot } from '../harness/daemon.ts';
import { template } from '../harness/template.ts';
import type { Job, Outcome } from './call-server.ts';
import { rpcTable } from './rpc-table.ts';

const longMs = 4 * 60_000;
const notFound = 5;
const denied = 7;
const unauthenticated = 16;

/** What clients see and touch, over every method of the API. */
describe('the permissions of clients', { timeout: longMs }, () => {
  let yurt: Daemon;
  const pairs: Record<string, KeyPair> = {};
  let foreignOperation = '';

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
      await yurt.ok('project', 'create', 'team', '-c', 'features.images=false');
      await yurt.ok('project', 'create', 'sharing', '-c', 'features.images=false', '-c', 'features.profiles=false');
      await yurt.ok('launch', 'tiny', 'secret');
      await yurt.ok('launch', 'tiny', 'ours', '--project', 'team');
      for (const name of ['guest', 'stranger', 'admin'])
        pairs[name] = await makeKeyPair({ commonName: name, use: 'client' });
      const trust = async (name: string, ...rights: string[]) => {
        const result = await yurt.yurt(['config', 'trust', 'add-certificate', '-', '--name', name, ...rights], {
          input: pairs[name]?.certificatePem ?? '',
        });
        assert.equal(result.exitCode, 0, result.stderr);
      };
      await trust('guest', '--restricted', '--projects', 'team,sharing');
      await trust('admin');
      const [operation] = JSON.parse(await yurt.ok('operation', 'list', '-f', 'json')) as { id: string }[];
      foreignOperation = operation?.id ?? '';
      assert.notEqual(foreignOperation, '');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  async function calls(who: string, list: Job['calls'], headers: Job['headers'] = {}): Promise<Outcome[]> {
    const job: Job = {
      ...{ address: '127.0.0.1:8443', calls: list, headers },
      serverCertificate: readFileSync(join(yurt.directory, 'state/server.crt'), 'utf8'),
      certificate: pairs[who]?.certificatePem ?? '',
      key: pairs[who]?.keyPem ?? '',
    };
    const program = [join(projectRoot, 'bin/node'), join(import.meta.dirname, 'call-server.ts')];
    const { stdout, stderr } = await yurt.inNetwork(program, { input: JSON.stringify(job), maxOutputBytes: 64e6 });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout);
  }

  async function response(who: string, method: string, request: object): Promise<unknown> {
    const [outcome] = await calls(who, [{ method, request }]);
    assert.equal(outcome?.code, 0, outcome?.details ?? method);
    return outcome?.response;
  }

  const rows = Object.entries(rpcTable);
  const requests = (project: string, name: string) =>
    rows.map(([method, { request }]) => ({ method, request: request(project, name) }));

  it('let nobody in whose certificate is not trusted', async () => {
    for (const { method, code } of await calls('stranger', requests('default', 'secret'))) {
      const expected = rpcTable[method]?.rule === 'stranger' ? denied : unauthenticated;
      assert.equal(code, expected, method);
    }
  });

  it('show a restricted client no other project, and nothing in it', async () => {
    const outcomes = await calls('guest', [
      ...requests('default', 'secret').filter(({ method }) => rpcTable[method]?.rule !== 'operation'),
      ...requests('default', foreignOperation).filter(({ method }) => rpcTable[method]?.rule === 'operation'),
    ]);
    assert.equal(outcomes.length, rows.length);
    for (const { method, code, details } of outcomes) {
      const rule = rpcTable[method]?.rule;
      if (rule === 'admin' || rule === 'stranger') assert.equal(code, denied, `${method}: ${details}`);
      else if (rule === 'everybody') assert.equal(code, 0, `${method}: ${details}`);
      else {
        assert.equal(code, notFound, `${method}: ${details}`);
        assert.match(details, /^(Project "default"|Operation ".*") does not exist$/, method);
      }
    }
    assert.equal((await yurt.ok('list', '-c', 'ns', '-f', 'csv')).trim(), 'secret,RUNNING');
  });

  it('count for a restricted client what it sees', async () => {
    const count = async (who: string) => {
      const { server } = (await response(who, 'ServerService/GetServer', {})) as { server: Record<string, unknown> };
      return [server['instanceCount'], server['runningInstanceCount']];
    };
    assert.deepEqual(await count('guest'), [1, 1]);
    assert.deepEqual(await count('admin'), [2, 2]);
  });

  it('say of what does not exist the same as of what may not be seen', async () => {
    const [seen, missing] = await calls('guest', [
      { method: 'InstanceService/GetInstance', request: { project: 'default', name: 'secret' } },
      { method: 'InstanceService/GetInstance', request: { project: 'nowhere', name: 'secret' } },
    ]);
    assert.deepEqual([missing?.code, missing?.details], [seen?.code, seen?.details.replace('default', 'nowhere')]);
  });

  it('let a restricted client put nothing into another project', async () => {
    const into = { project: 'team', targetProject: 'default' };
    for (const { method, code, details } of await calls('guest', [
      { method: 'InstanceService/CopyInstance', request: { ...into, source: 'ours', name: 'planted' } },
      { method: 'InstanceService/MoveInstance', request: { ...into, name: 'ours', newName: 'planted' } },
    ])) {
      assert.deepEqual([code, details], [notFound, 'Project "default" does not exist'], method);
    }
  });

  it('let a restricted client use its own project', async () => {
    const own = requests('team', 'ours').filter(({ method }) => {
      const { rule } = rpcTable[method] ?? {};
      return (
        (rule === 'project' || rule === 'instance' || rule === 'named') &&
        !/Pause|DeleteImage|Publish|ReceiveImage/.test(method)
      );
    });
    for (const { method, code, details } of await calls('guest', own)) {
      assert.ok(code !== denied && code !== unauthenticated, `${method}: ${code} ${details}`);
      assert.doesNotMatch(details, /Project/, method);
    }
  });

  it('leave what other projects have out of lists of everything', async () => {
    const all = { allProjects: true };
    const names = async (method: string, field: string, request: object = all) => {
      const answer = (await response('guest', method, request)) as Record<string, { name: string; project?: string }[]>;
      return (answer[field] ?? []).map(({ name, project }) => project ?? name);
    };
    assert.deepEqual(await names('InstanceService/ListInstances', 'instances'), ['team']);
    assert.deepEqual(new Set(await names('ProfileService/ListProfiles', 'profiles')), new Set(['team']));
    assert.deepEqual(await names('ProjectService/ListProjects', 'projects', {}), ['sharing', 'team']);
    assert.ok(!(await names('OperationService/ListOperations', 'operations')).includes('default'));
    const admin = (await response('admin', 'InstanceService/ListInstances', all)) as { instances: unknown[] };
    assert.equal(admin.instances.length, 2);
    for (const [method, request] of [
      ['NetworkService/ListNetworks', { project: 'team' }],
      ['StorageService/ListStoragePools', {}],
      ['ProfileService/ListProfiles', { project: 'sharing' }],
    ] as const) {
      assert.doesNotMatch(JSON.stringify(await response('guest', method, request)), /secret/, method);
    }
  });

  it('let a restricted client use what its project shares with others, and not change it', async () => {
    const request = { project: 'sharing', name: 'default', image: 'tiny' };
    const shared = ['ProfileService/DeleteProfile', 'ProfileService/UpdateProfile', 'ImageService/DeleteImage'];
    for (const { method, code } of await calls(
      'guest',
      shared.map((method) => ({ method, request })),
    )) {
      assert.equal(code, denied, method);
    }
    await response('guest', 'ProfileService/GetProfile', request);
    await response('guest', 'ImageService/GetImage', request);
  });

  it('refuse what a browser sends', async () => {
    const [outcome] = await calls('admin', [{ method: 'ServerService/GetServer', request: {} }], {
      origin: 'https://x',
    });
    assert.equal(outcome?.code, denied);
  });
});
