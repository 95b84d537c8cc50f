import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KeyPair, makeKeyPair } from '../../../proto/remote/certificate.ts';
import { Daemon, projectRoot } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { Monitor } from '../harness/monitor.ts';
import { RemoteUser } from '../harness/remote-user.ts';
import { template } from '../harness/template.ts';
import type { Job, Outcome } from './call-server.ts';
import { type Needed, neededBy, rpcTable } from './rpc-table.ts';

const longMs = 10 * 60_000;
const notFound = 5;
const denied = 7;

const roles: readonly Needed[] = ['viewer', 'user', 'operator', 'admin'];
const scopes = ['server', 'project', 'instance'] as const;
type Scope = (typeof scopes)[number];

/** What came of a call, as far as permissions go. */
function resultOf({ code, details }: Outcome): 'hidden' | 'denied' | 'allowed' {
  if (code === denied) return 'denied';
  const hidden = /^(?:(?:Project|Instance|Operation) ".*" does not exist$|Not found in project )/;
  return code === notFound && hidden.test(details) ? 'hidden' : 'allowed';
}

/** What must come of a call about what a role is for. */
function expected(method: string, role: Needed, scope: Scope): 'hidden' | 'denied' | 'allowed' {
  const { rule, contents = false, creates = false } = rpcTable[method] ?? {};
  const needs = neededBy(method);
  const has = (needed: Needed) => roles.indexOf(role) >= roles.indexOf(needed);
  if (rule === 'everybody') return 'allowed';
  if (rule === 'admin' || rule === 'stranger') return 'denied';
  if (creates && (scope === 'instance' || !has('admin'))) return 'denied';
  // The project has no images of its own: it uses those of the default one.
  if (/DeleteImage|PublishInstance|ReceiveImage/.test(method) && scope !== 'server') return 'denied';
  if (rule === 'instance' || rule === 'operation' || scope !== 'instance') return has(needs) ? 'allowed' : 'denied';
  if (contents) return 'allowed';
  return needs === 'viewer' ? 'hidden' : 'denied';
}

describe('groups of clients', { timeout: longMs }, () => {
  let yurt: Daemon;
  const pairs: Record<string, KeyPair> = {};

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
      await yurt.ok('project', 'create', 'team', '-c', 'features.images=false');
      await yurt.ok('launch', 'tiny', 'secret');
      for (const name of ['ours', 'theirs']) await yurt.ok('launch', 'tiny', name, '--project', 'team');
      for (const scope of scopes) for (const role of roles) await member(`${scope}-${role}`, ...wordsOf(scope, role));
      await member('nothing');
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  function wordsOf(scope: Scope, role: Needed): string[] {
    if (scope === 'server') return ['server', role];
    return scope === 'project' ? ['project', 'team', role] : ['instance', 'ours', role, 'project=team'];
  }

  /** A client in a group of the same name with one permission. */
  async function member(name: string, ...permission: string[]): Promise<void> {
    await yurt.ok('auth', 'group', 'create', name);
    if (permission.length > 0) await yurt.ok('auth', 'group', 'permission', 'add', name, ...permission);
    const pair = await makeKeyPair({ commonName: name, use: 'client' });
    const { exitCode, stderr } = await yurt.yurt(
      ['config', 'trust', 'add-certificate', '-', '--name', name, '--groups', name],
      { input: pair.certificatePem },
    );
    assert.equal(exitCode, 0, stderr);
    pairs[name] = pair;
  }

  async function calls(who: string, list: Job['calls']): Promise<Outcome[]> {
    const job: Job = {
      ...{ address: '127.0.0.1:8443', calls: list },
      serverCertificate: readFileSync(join(yurt.directory, 'state/server.crt'), 'utf8'),
      certificate: pairs[who]?.certificatePem ?? '',
      key: pairs[who]?.keyPem ?? '',
    };
    const program = [join(projectRoot, 'bin/node'), join(import.meta.dirname, 'call-server.ts')];
    const { stdout, stderr } = await yurt.inNetwork(program, { input: JSON.stringify(job), maxOutputBytes: 64e6 });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout);
  }

  /** The newest operation on an instance: operations that have ended are forgotten soon. */
  async function operationOn(project: string, instance: string): Promise<string> {
    const flag = project === 'default' ? [] : ['--project', project];
    // The calls of the one before may have left it paused.
    await eventually(async () => {
      await yurt.yurt(['resume', instance, ...flag]);
      await yurt.ok('pause', instance, ...flag);
    });
    await yurt.ok('resume', instance, ...flag);
    const list = JSON.parse(await yurt.ok('operation', 'list', '-f', 'json', ...flag)) as Operation[];
    const found = list.filter(({ resources }) => resources.includes(`instance/${instance}`)).at(-1);
    assert.ok(found !== undefined, JSON.stringify(list));
    return found.id;
  }

  interface Operation {
    readonly id: string;
    readonly resources: readonly string[];
  }

  const methods = Object.keys(rpcTable);

  function requests(project: string, name: string, operation: string, only: (method: string) => boolean) {
    return methods.filter(only).map((method) => {
      const { rule, request } = rpcTable[method] ?? {};
      return { method, request: request?.(project, rule === 'operation' ? operation : name) ?? {} };
    });
  }

  for (const scope of scopes) {
    for (const role of roles) {
      it(`permit a ${role} of a ${scope} that much, of every method`, async () => {
        const all = scope === 'server' && role === 'admin';
        const only = (method: string) => !all || rpcTable[method]?.rule !== 'admin';
        const wanted = requests('team', 'ours', await operationOn('team', 'ours'), only);
        const outcomes = await calls(`${scope}-${role}`, wanted);
        assert.equal(outcomes.length, wanted.length);
        for (const outcome of outcomes) {
          const what = `${outcome.method}: ${outcome.code} ${outcome.details}`;
          assert.equal(resultOf(outcome), expected(outcome.method, role, scope), what);
        }
      });
    }
  }

  it('make an admin of the server one in everything', async () => {
    for (const { method, code, details } of await calls('server-admin', [
      { method: 'ServerService/GetServerConfig', request: {} },
      { method: 'TrustService/ListTrustedClients', request: {} },
      { method: 'AuthService/ListGroups', request: {} },
    ])) {
      assert.equal(code, 0, `${method}: ${details}`);
    }
  });

  it('hide other instances and other projects, of every method', async () => {
    const secret = await operationOn('default', 'secret');
    const theirs = await operationOn('team', 'theirs');
    const aboutInstance = (method: string) => /instance|operation/.test(rpcTable[method]?.rule ?? '');
    const aboutProject = (method: string) => /instance|operation|project|named/.test(rpcTable[method]?.rule ?? '');
    for (const [who, wanted] of [
      ['instance-admin', requests('team', 'theirs', theirs, aboutInstance)],
      ['instance-admin', requests('default', 'secret', secret, aboutProject)],
      ['project-admin', requests('default', 'secret', secret, aboutProject)],
      ['nothing', requests('team', 'ours', theirs, aboutProject)],
    ] as const) {
      for (const outcome of await calls(who, wanted)) {
        assert.equal(resultOf(outcome), 'hidden', `${who} ${outcome.method}: ${outcome.code} ${outcome.details}`);
      }
    }
    const list = await yurt.ok('list', '--all-projects', '-c', 'ns', '-f', 'csv');
    for (const name of ['secret', 'theirs']) assert.match(list, new RegExp(`^(?:.*,)?${name},RUNNING$`, 'm'));
  });

  it('filter lists, and what of a project is seen through an instance', async () => {
    const answer = async (who: string, method: string, request: object) => {
      const [outcome] = await calls(who, [{ method, request }]);
      assert.equal(outcome?.code, 0, outcome?.details ?? method);
      return outcome?.response as Record<string, { name: string; usedBy?: string[]; config?: object }[]>;
    };
    const names = async (who: string, method: string, field: string, request: object) =>
      ((await answer(who, method, request))[field] ?? []).map(({ name }) => name).sort();
    const list = 'InstanceService/ListInstances';
    assert.deepEqual(await names('instance-viewer', list, 'instances', { allProjects: true }), ['ours']);
    assert.deepEqual(await names('instance-viewer', list, 'instances', { project: 'team' }), ['ours']);
    assert.deepEqual(await names('project-viewer', list, 'instances', { allProjects: true }), ['ours', 'theirs']);
    assert.equal((await names('server-viewer', list, 'instances', { allProjects: true })).length, 3);
    assert.deepEqual(await names('nothing', list, 'instances', { allProjects: true }), []);
    const { projects = [] } = await answer('instance-viewer', 'ProjectService/ListProjects', {});
    assert.deepEqual(
      projects.map(({ name, usedBy, config }) => [name, usedBy, config]),
      [['team', [], {}]],
    );
    assert.deepEqual(await names('nothing', 'ProjectService/ListProjects', 'projects', {}), []);
    assert.deepEqual(
      await names('instance-viewer', 'NetworkService/ListNetworks', 'networks', { project: 'team' }),
      [],
    );
    const pools = await answer('instance-viewer', 'StorageService/ListStoragePools', {});
    assert.deepEqual(
      pools['pools']?.map(({ usedBy }) => usedBy),
      [['instance/ours']],
    );
  });
});

describe('a member of a group', { timeout: longMs }, () => {
  it('is let in by a token, works, and is stopped at once by whoever takes its permission away', async () => {
    await using server = await Daemon.start(await template('tiny'));
    await server.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
    await server.ok('project', 'create', 'team', '-c', 'features.images=false');
    for (const name of ['web', 'db']) await server.ok('launch', 'tiny', name, '--project', 'team');
    await server.ok('auth', 'group', 'create', 'crew', '--description', 'Those who look after the web');
    await server.ok('auth', 'group', 'permission', 'add', 'crew', 'instance', 'web', 'user', 'project=team');
    using user = new RemoteUser(server);
    const token = (await server.ok('auth', 'identity', 'create', 'tls/guest', '--group', 'crew')).trim();
    await user.ok('remote', 'add', 'far', token);
    assert.equal((await user.ok('project', 'get-current', 'far:')).trim(), 'team');
    assert.equal((await user.ok('list', 'far:', '-c', 'n', '-f', 'csv')).trim(), 'web');
    assert.match(
      await user.ok('auth', 'identity', 'info', 'far:'),
      /entity: web\n\s+project: team\n\s+entitlement: user/,
    );
    assert.equal((await user.ok('exec', 'far:web', '--', 'echo', 'hello')).trim(), 'hello');
    const stop = await user.yurt(['stop', 'far:web', '-f']);
    assert.deepEqual(
      [stop.exitCode, /needs the permission "operator" for instance "web"/.test(stop.stderr)],
      [1, true],
    );
    assert.match((await user.yurt(['exec', 'far:db', '--', 'true'])).stderr, /Instance "db" does not exist/);

    using audit = new Monitor(server, '--type', 'audit');
    const running = () => user.yurt(['exec', 'far:web', '--', 'sleep', '4711']);
    const inside = async () => /sleep 4711/.test(await server.ok('exec', 'web', '--project', 'team', '--', 'ps'));
    const ends = async (action: () => Promise<unknown>) => {
      const exec = running();
      await eventually(async () => assert.ok(await inside()), 30_000);
      await action();
      assert.notEqual((await exec).exitCode, 0);
      await eventually(async () => assert.ok(!(await inside())), 10_000);
    };
    await ends(() =>
      server.ok('auth', 'group', 'permission', 'remove', 'crew', 'instance', 'web', 'user', 'project=team'),
    );
    assert.equal((await user.ok('list', 'far:', '-c', 'n', '-f', 'csv', '--all-projects')).trim(), '');
    await server.ok('auth', 'group', 'permission', 'add', 'crew', 'project', 'team', 'user');
    await ends(() => server.ok('auth', 'identity', 'group', 'remove', 'guest', 'crew'));
    await server.ok('auth', 'identity', 'group', 'add', 'guest', 'crew');
    await ends(() => server.ok('auth', 'group', 'delete', 'crew'));
    await server.ok('auth', 'group', 'create', 'crew');
    await server.ok('auth', 'group', 'permission', 'add', 'crew', 'server', 'viewer');
    assert.equal(
      (await user.ok('list', 'far:', '-c', 'n', '-f', 'csv', '--all-projects')).trim(),
      '',
      'not the old group',
    );
    const exec = String.raw`audit client guest at 127\.0\.0\.1:\d+: yurt\.v1\.ExecService/Exec`;
    await eventually(() => {
      assert.match(audit.output, new RegExp(`${exec}: begun \\(instance/web\\)`));
      assert.match(audit.output, new RegExp(`${exec}: canceled \\(instance/web\\)`));
      assert.match(audit.output, /audit unix:uid=0,gid=0,pid=\d+: yurt\.v1\.AuthService\/DeleteGroup: ok/);
    });
  });

  it('keeps its instance when that is renamed, and loses it for good when that is deleted', async () => {
    await using server = await Daemon.start(await template('tiny'));
    await server.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
    await server.ok('launch', 'tiny', 'web');
    await server.ok('auth', 'group', 'create', 'crew');
    await server.ok('auth', 'group', 'permission', 'add', 'crew', 'instance', 'web', 'admin');
    using user = new RemoteUser(server);
    await user.ok(
      'remote',
      'add',
      'far',
      (await server.ok('config', 'trust', 'add', 'guest', '--groups', 'crew')).trim(),
    );
    await user.ok('stop', 'far:web', '-f');
    await user.ok('rename', 'far:web', 'www');
    await user.ok('config', 'set', 'far:www', 'user.x=1');
    assert.match(await server.ok('auth', 'group', 'show', 'crew'), /entity: www/);
    await server.signal('SIGKILL');
    await server.up();
    assert.equal((await user.ok('list', 'far:', '-c', 'n', '-f', 'csv')).trim(), 'www');
    const copy = await user.yurt(['copy', 'far:www', 'far:mine']);
    assert.match(copy.stderr, /needs the permission "admin" for project "default"/);
    await user.ok('delete', 'far:www');
    await server.ok('init', 'tiny', 'www');
    assert.equal((await user.ok('list', 'far:', '-c', 'n', '-f', 'csv', '--all-projects')).trim(), '');
    assert.match((await user.yurt(['start', 'far:www'])).stderr, /Project "default" does not exist/);
    assert.match(await server.ok('auth', 'group', 'show', 'crew'), /permissions: \[\]/);
  });

  it('gets nothing of a new project with the name of one that is gone', async () => {
    await using server = await Daemon.start(await template('tiny'));
    await server.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
    await server.ok('project', 'create', 'team');
    await server.ok('auth', 'group', 'create', 'crew');
    await server.ok('auth', 'group', 'permission', 'add', 'crew', 'project', 'team', 'admin');
    await server.ok('config', 'trust', 'add', 'one', '--groups', 'crew', '--projects', 'team');
    await server.ok('project', 'rename', 'team', 'band');
    assert.match(await server.ok('auth', 'group', 'show', 'crew'), /entity: band/);
    await server.ok('project', 'delete', 'band');
    await server.ok('project', 'create', 'band');
    assert.match(await server.ok('auth', 'group', 'show', 'crew'), /permissions: \[\]/);
    assert.match(await server.ok('config', 'trust', 'list-tokens', '-f', 'json'), /"projects":\[\]/);
  });
});
