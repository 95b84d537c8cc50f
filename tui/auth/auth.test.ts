import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Group } from '../../proto/gen/yurt/v1/Group.ts';
import type { TrustedClient } from '../../proto/gen/yurt/v1/TrustedClient.ts';
import { runInProcess } from '../testing/fake-terminal.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';

const evil = 'x\x1b[2J\r\nB';
const aborted = 10;

describe('yurt auth', () => {
  let server: ScriptedServer;
  let group: Group;
  let client: TrustedClient;
  /** Somebody else who changes the group before it is written. */
  let before: () => void;
  const yurt = (argv: readonly string[], stdin?: string) =>
    runInProcess(server.socket, argv, stdin === undefined ? {} : { stdin });
  const ok = async (...argv: string[]) => {
    const { code, stdout, stderr } = await yurt(argv);
    assert.deepEqual([code, stderr], [0, ''], argv.join(' '));
    return stdout;
  };

  beforeEach(async () => {
    server = await ScriptedServer.start();
    before = () => {};
    const web = { entityType: 'instance', entity: 'web', project: 'team', entitlement: 'user' };
    group = { name: 'crew', description: evil, permissions: [web], identities: ['guest'], etag: '1' };
    client = { name: 'guest', fingerprint: 'f'.repeat(64), restricted: true, groups: ['crew'], etag: 'c1' };
    server.on('AuthService', 'ListGroups', () => ({ groups: [group] }));
    server.on('AuthService', 'GetGroup', ({ name }) => {
      if (name !== group.name) throw Refusal.notFound(`Group "${name}" does not exist`);
      return { group };
    });
    server.on('AuthService', 'CreateGroup', () => ({ group }));
    server.on('AuthService', 'UpdateGroup', ({ etag, description, permissions }) => {
      before();
      before = () => {};
      if (etag !== group.etag) throw new Refusal(aborted, 'It was changed');
      group = { ...group, description: description ?? '', permissions: permissions ?? [], etag: '2' };
      return { group };
    });
    server.on('AuthService', 'GetIdentity', () => ({ name: 'guest', type: 'client', permissions: [web] }));
    server.on('TrustService', 'ListTrustedClients', () => ({ clients: [client, { name: evil, groups: [evil] }] }));
    server.on('TrustService', 'GetTrustedClient', () => ({ client }));
    server.on('TrustService', 'UpdateTrustedClient', ({ rights, etag }) => {
      if (etag !== client.etag) throw new Refusal(aborted, 'It was changed');
      client = { ...client, groups: rights?.groups ?? [] };
      return { client };
    });
    server.on('TrustService', 'CreateTrustToken', () => ({ token: 'eyJ' }));
  });
  afterEach(async () => await server[Symbol.asyncDispose]());

  const permissions = () => (group.permissions ?? []).map((one) => Object.values(one).join('/'));

  it('adds and removes permissions, and loses nobody else’s', async () => {
    before = () => {
      group = { ...group, permissions: [], etag: 'other' };
    };
    await ok('auth', 'group', 'permission', 'add', 'crew', 'server', 'viewer');
    assert.deepEqual(permissions(), ['server///viewer']);
    await ok('auth', 'group', 'permission', 'add', 'crew', 'project', 'team', 'admin');
    await ok('auth', 'group', 'permission', 'add', 'crew', 'instance', 'db', 'operator', 'project=team');
    await ok('--project', 'blue', 'auth', 'group', 'permission', 'add', 'crew', 'instance', 'db', 'user');
    await ok('auth', 'group', 'permission', 'add', 'crew', 'instance', 'db', 'user');
    await ok('auth', 'group', 'permission', 'remove', 'crew', 'server', 'viewer');
    assert.deepEqual(permissions(), [
      'project/team//admin',
      'instance/db/team/operator',
      'instance/db/blue/user',
      'instance/db/default/user',
    ]);
  });

  it('refuses permissions that are there, are not, or read otherwise', async () => {
    for (const [words, reason] of [
      [
        ['add', 'crew', 'instance', 'web', 'user', 'project=team'],
        /has that permission already: instance web in project team: user/,
      ],
      [['remove', 'crew', 'server', 'admin'], /has no such permission: server: admin/],
      [['add', 'crew', 'server'], /Invalid number of arguments/],
      [['add', 'crew', 'server', 'x', 'admin'], /server ENTITLEMENT/],
      [['add', 'crew', 'project', 'team'], /project NAME ENTITLEMENT/],
      [['add', 'crew', 'project', 'team', 'user', 'project=x'], /Only an instance is in a project/],
      [['add', 'crew', 'instance', 'web', 'user', 'pool=x'], /Unknown key "pool"/],
      [['add', 'none', 'server', 'admin'], /Group "none" does not exist/],
    ] as const) {
      const { code, stderr } = await yurt(['auth', 'group', 'permission', ...words]);
      assert.deepEqual([code, reason.test(stderr)], [1, true], stderr);
    }
    assert.deepEqual(permissions(), ['instance/web/team/user']);
  });

  it('shows groups and identities, harmlessly, and takes what it shows', async () => {
    const shown = await ok('auth', 'group', 'show', 'crew');
    for (const text of [shown, await ok('auth', 'group', 'list'), await ok('auth', 'identity', 'list')]) {
      assert.match(text, /crew/);
      assert.ok(!text.includes('\x1b'), text);
    }
    assert.equal((await yurt(['auth', 'group', 'edit', 'crew'], shown)).code, 0);
    assert.deepEqual([group.description, permissions()], [evil, ['instance/web/team/user']]);
    const { code, stdout } = await yurt(['auth', 'group', 'create', 'new'], shown);
    assert.deepEqual([code, stdout], [0, 'Group new created\n']);
    assert.match(await ok('auth', 'identity', 'info'), /effective_permissions:\n\s+- entity_type: instance/);
    for (const wrong of ['[]', 'x: 1', 'permissions: {}', 'permissions: [x]', 'permissions: [{ entity: x }]', '{']) {
      assert.equal((await yurt(['auth', 'group', 'edit', 'crew'], wrong)).code, 1, wrong);
    }
  });

  it('puts clients into groups and takes them out', async () => {
    await ok('auth', 'identity', 'group', 'add', 'tls/guest', 'more');
    assert.deepEqual(client.groups, ['crew', 'more']);
    await ok('auth', 'identity', 'group', 'remove', 'guest', 'crew');
    assert.deepEqual(client.groups, ['more']);
    assert.match((await yurt(['auth', 'identity', 'group', 'add', 'guest', 'more'])).stderr, /in group "more" already/);
    assert.match((await yurt(['auth', 'identity', 'group', 'remove', 'guest', 'x'])).stderr, /is not in group "x"/);
    assert.equal((await yurt(['auth', 'identity', 'create', 'tls/new', '-g', 'crew'])).stdout, 'eyJ\n');
    assert.equal((await yurt(['config', 'trust', 'add', 'other', '--groups', 'a,b', '--projects', 'p'])).code, 0);
    const asked = server.requestsOf('TrustService/CreateTrustToken') as { rights: TrustedClient }[];
    assert.deepEqual(
      asked.map(({ rights }) => [rights.name, rights.restricted, rights.projects, rights.groups]),
      [
        ['new', true, [], ['crew']],
        ['other', true, ['p'], ['a', 'b']],
      ],
    );
  });
});
