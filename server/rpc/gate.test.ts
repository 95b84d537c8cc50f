import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '../base/fault.ts';
import type { EventPayload } from '../events/event.ts';
import { InstancePlaces } from '../instances/instance-places.ts';
import type { OperationView } from '../operations/operation.ts';
import type { Access } from '../trust/access.ts';
import type { Role } from '../trust/role.ts';
import { Gate } from './gate.ts';
import { clientIdentity, localIdentity, strangerIdentity } from './identity.ts';
import type { MethodRule, PermissionName } from './method-rule.ts';
import { AccessSight } from './sight.ts';

const rule = (permission: PermissionName, more: Partial<MethodRule> = {}): MethodRule => ({
  ...{ path: '/test', permission, project: 'project', instance: undefined, operation: undefined },
  session: undefined,
  ...{ contents: false, creates: false, ...more },
});
const onInstance = (permission: PermissionName, more: Partial<MethodRule> = {}) =>
  rule(permission, { instance: 'name', ...more });

const operation = (id: string, project: string, ...resources: string[]): OperationView => ({
  ...{ id, project, resources, kind: 'test', description: '', status: 'running', cancelable: true },
  ...{ createdAt: new Date(0), updatedAt: new Date(0) },
});

/** A client with roles, in a world with instances `web` and `db` of the project `team` and `web` of `default`. */
function world(roles: { server?: Role; projects?: Record<string, Role>; instances?: Record<string, Role> }) {
  const places = new InstancePlaces();
  places.put({ uuid: 'u-web', project: 'team', name: 'web' });
  places.put({ uuid: 'u-db', project: 'team', name: 'db' });
  places.put({ uuid: 'u-default', project: 'default', name: 'web' });
  const access: { -readonly [Key in keyof Access]: Access[Key] } = {
    server: roles.server,
    projects: new Map(Object.entries(roles.projects ?? {})),
    instances: new Map(Object.entries(roles.instances ?? {})),
  };
  const operations = [
    operation('web', 'team', 'instance/web'),
    operation('both', 'team', 'instance/web', 'instance/db'),
    operation('elsewhere', 'default', 'instance/web'),
    operation('image', 'team', 'image/1'),
  ];
  const gate = new Gate({
    operation: (id) => {
      const found = operations.find((one) => one.id === id);
      if (found === undefined) throw new Fault('not-found', `Operation "${id}" does not exist`);
      return found;
    },
    sessionPlace: (id) => (id === 'of-web' ? places.find('u-web') : undefined),
  });
  const certificate = { fingerprint: 'f', pem: '' };
  const sight = new AccessSight(() => access, places);
  const caller = clientIdentity('guest', certificate, sight);
  const outcome = (of: MethodRule, request: object) => {
    try {
      gate.admit(caller, of);
      gate.check(caller, of, request);
      return 'ok';
    } catch (error) {
      return Fault.from(error).code;
    }
  };
  return { gate, caller, outcome, places, access };
}

const permissions = ['PERMISSION_VIEW', 'PERMISSION_EXEC', 'PERMISSION_OPERATE', 'PERMISSION_MANAGE'] as const;
const roles = ['viewer', 'user', 'operator', 'admin'] as const;

describe('the gate', () => {
  it('lets strangers do nothing but become trusted, and local callers everything', () => {
    const { gate } = world({});
    const stranger = strangerIdentity('x', { fingerprint: 'f', pem: '' });
    gate.admit(stranger, rule('PERMISSION_PUBLIC'));
    assert.throws(() => gate.admit(stranger, rule('PERMISSION_VIEW')), { code: 'unauthenticated' });
    const local = localIdentity('unix:uid=0');
    gate.admit(local, rule('PERMISSION_ADMIN'));
    gate.check(local, onInstance('PERMISSION_MANAGE'), { project: 'team', name: 'web' });
  });

  it('gives each role what it and those before it permit, on server, project and instance', () => {
    for (const [level, role] of roles.entries()) {
      for (const given of [{ server: role }, { projects: { team: role } }, { instances: { 'u-web': role } }]) {
        for (const [needed, permission] of permissions.entries()) {
          const all = 'server' in given && role === 'admin';
          const expected = all || level >= needed ? 'ok' : 'forbidden';
          const what = `${JSON.stringify(given)} ${permission}`;
          assert.equal(world(given).outcome(onInstance(permission), { project: 'team', name: 'web' }), expected, what);
        }
        const admin = 'server' in given && role === 'admin' ? 'ok' : 'forbidden';
        assert.equal(world(given).outcome(rule('PERMISSION_ADMIN'), {}), admin);
      }
    }
  });

  it('hides what a caller may not see', () => {
    const view = onInstance('PERMISSION_VIEW');
    for (const given of [{ projects: { team: 'admin' } }, { instances: { 'u-web': 'admin' } }] as const) {
      const { outcome } = world(given);
      assert.equal(outcome(view, { project: 'default', name: 'web' }), 'not-found');
      assert.equal(outcome(view, { project: '', name: 'web' }), 'not-found');
      assert.equal(outcome(view, { project: 'nowhere', name: 'web' }), 'not-found');
    }
    const { outcome } = world({ instances: { 'u-web': 'admin' } });
    assert.equal(outcome(view, { project: 'team', name: 'db' }), 'not-found');
    assert.equal(outcome(rule('PERMISSION_VIEW'), { project: 'team' }), 'not-found');
    assert.equal(outcome(rule('PERMISSION_MANAGE'), { project: 'team' }), 'forbidden');
    assert.equal(outcome(rule('PERMISSION_VIEW', { contents: true }), { project: 'team' }), 'ok');
    assert.equal(outcome(rule('PERMISSION_VIEW', { contents: true }), { project: 'default' }), 'not-found');
  });

  it('refuses what is about no project and changes something: its declaration lacks what it is about', () => {
    const { outcome } = world({ server: 'operator' });
    assert.equal(outcome(rule('PERMISSION_VIEW'), {}), 'ok');
    assert.equal(outcome(rule('PERMISSION_EXEC'), {}), 'forbidden');
  });

  it('follows an instance that is renamed, and not its name', () => {
    const { outcome, places } = world({ instances: { 'u-web': 'user' } });
    const exec = onInstance('PERMISSION_EXEC');
    places.put({ uuid: 'u-web', project: 'team', name: 'www' });
    places.put({ uuid: 'u-new', project: 'team', name: 'web' });
    assert.equal(outcome(exec, { project: 'team', name: 'web' }), 'not-found');
    assert.equal(outcome(exec, { project: 'team', name: 'www' }), 'ok');
    places.remove({ uuid: 'u-web' });
    assert.equal(outcome(exec, { project: 'team', name: 'www' }), 'not-found');
  });

  it('wants an admin of where something is made', () => {
    const copy = onInstance('PERMISSION_EXEC', { creates: true });
    const { outcome } = world({ projects: { team: 'user', own: 'admin', seen: 'viewer' } });
    const from = { project: 'team', name: 'web' };
    assert.equal(outcome(copy, { ...from, targetProject: '' }), 'forbidden');
    assert.equal(outcome(copy, { ...from, targetProject: 'own' }), 'ok');
    assert.equal(outcome(copy, { ...from, targetProject: 'seen' }), 'forbidden');
    assert.equal(outcome(copy, { ...from, targetProject: 'default' }), 'not-found');
    const move = onInstance('PERMISSION_MANAGE');
    const admin = world({ instances: { 'u-web': 'admin' } });
    assert.equal(admin.outcome(move, { ...from, targetProject: '' }), 'ok');
    assert.equal(admin.outcome(move, { ...from, targetProject: 'team' }), 'forbidden');
  });

  it('looks at what begins a stream, and at projects that are named below it', () => {
    const { outcome } = world({ projects: { team: 'user' } });
    const exec = onInstance('PERMISSION_EXEC');
    assert.equal(outcome(exec, { start: { project: 'team', name: 'web' } }), 'ok');
    assert.equal(outcome(exec, { start: { project: 'default', name: 'web' } }), 'not-found');
    assert.equal(outcome(rule('PERMISSION_VIEW'), { project: 'team', part: { project: 'default' } }), 'not-found');
  });

  it('shows operations to who sees all that they work on, and to who started them', () => {
    const { outcome, gate, caller } = world({ instances: { 'u-web': 'user' } });
    const get = rule('PERMISSION_VIEW', { operation: 'id' });
    assert.equal(outcome(get, { id: 'web' }), 'ok');
    for (const id of ['both', 'elsewhere', 'image', 'none']) assert.equal(outcome(get, { id }), 'not-found', id);
    gate.answer(caller, onInstance('PERMISSION_MANAGE'), {}, { operation: { id: 'both' } });
    assert.equal(outcome(get, { id: 'both' }), 'ok');
    assert.equal(outcome(rule('PERMISSION_OPERATE', { operation: 'id' }), { id: 'web' }), 'forbidden');
  });

  it('leaves out of lists what a caller may not see', () => {
    const { gate, caller } = world({ projects: { own: 'viewer' }, instances: { 'u-web': 'user' } });
    const list = rule('PERMISSION_VIEW', { contents: true });
    const instances = ['web', 'db'].map((name) => ({ project: 'team', name }));
    const foreign = { project: 'default', name: 'web' };
    const own = { project: 'own', name: 'box' };
    const answer = (request: object, response: object) => gate.answer(caller, list, request, response);
    assert.deepEqual(answer({ project: 'team' }, { instances }), { instances: [{ project: 'team', name: 'web' }] });
    assert.deepEqual(answer({ project: '', allProjects: true }, { instances: [...instances, foreign, own] }), {
      instances: [{ project: 'team', name: 'web' }, own],
    });
    assert.deepEqual(answer({ project: 'team' }, { profiles: [{ project: 'team', name: 'default' }] }), {
      profiles: [],
    });
    const shared = { profiles: [{ project: 'default', name: 'default' }] };
    assert.deepEqual(answer({ project: 'own' }, shared), shared, 'what its project shares with another');
    const operations = [
      { id: 'web', project: 'team', resources: ['instance/web'] },
      { id: 'both', project: 'team', resources: ['instance/web', 'instance/db'] },
    ];
    assert.deepEqual(answer({ project: 'team' }, { operations }), { operations: operations.slice(0, 1) });
  });

  it('tells of events what their reader sees, and of the end of what it saw', () => {
    const { gate, caller, places } = world({ projects: { default: 'admin' }, instances: { 'u-web': 'viewer' } });
    const shows = gate.eventFilter(caller);
    const event = (payload: EventPayload, project = 'team') => ({ sequence: 1, time: new Date(0), project, payload });
    const lifecycle = (action: string, source: string, project?: string) =>
      shows(event({ type: 'lifecycle', action, source, context: {} }, project));
    assert.equal(lifecycle('instance-started', 'instance/web'), true);
    assert.equal(lifecycle('instance-snapshot-created', 'instance/web/snap0'), true);
    assert.equal(lifecycle('instance-started', 'instance/db'), false);
    assert.equal(lifecycle('profile-created', 'profile/x'), false);
    assert.equal(lifecycle('profile-created', 'profile/x', 'default'), true);
    for (const source of ['certificate/f', 'certificate-token/x', 'auth-group/x', 'server']) {
      assert.equal(lifecycle('something', source, 'default'), false, source);
    }
    places.remove({ uuid: 'u-web' });
    assert.equal(lifecycle('instance-deleted', 'instance/db'), false);
    assert.equal(lifecycle('instance-deleted', 'instance/web'), true);
    assert.equal(lifecycle('instance-deleted', 'instance/web'), false, 'another one of that name');
    const later = gate.eventFilter(caller);
    assert.equal(
      later(event({ type: 'lifecycle', action: 'instance-created', source: 'instance/web', context: {} })),
      false,
    );
    const audit = { caller: 'x', fingerprint: '', method: 'm', subject: '', result: 'ok' };
    assert.equal(shows(event({ type: 'audit', ...audit }, 'default')), false);
    assert.equal(shows(event({ type: 'logging', level: 'info', message: '', fields: {} }, 'default')), false);
    assert.equal(shows(event({ type: 'operation', operation: operation('x', 'default') }, 'default')), true);
    assert.equal(shows(event({ type: 'operation', operation: operation('x', 'team', 'instance/db') })), false);
  });

  it('answers from how things are when it is asked', () => {
    const { outcome, access } = world({ projects: { team: 'admin' } });
    const view = onInstance('PERMISSION_VIEW');
    assert.equal(outcome(view, { project: 'team', name: 'web' }), 'ok');
    access.projects = new Map();
    assert.equal(outcome(view, { project: 'team', name: 'web' }), 'not-found');
  });

  it('lets who may use an instance have its sessions, and says nothing of others', () => {
    const attach = rule('PERMISSION_EXEC', { session: 'session' });
    const start = (session: string, project = 'team') => ({ start: { project, session } });
    const user = world({ instances: { 'u-web': 'user' } });
    assert.equal(user.outcome(attach, start('of-web')), 'ok');
    assert.equal(user.outcome(attach, start('of-web', 'default')), 'not-found');
    assert.equal(user.outcome(attach, start('none')), 'forbidden');
    assert.equal(world({ instances: { 'u-db': 'user' } }).outcome(attach, start('of-web')), 'forbidden');
    assert.equal(world({ instances: { 'u-web': 'viewer' } }).outcome(attach, start('of-web')), 'forbidden');
    assert.equal(world({ projects: { team: 'viewer' } }).outcome(attach, start('of-web')), 'forbidden');
    assert.equal(world({ projects: { team: 'user' } }).outcome(attach, start('of-web')), 'ok');
    assert.equal(world({ projects: { default: 'user' } }).outcome(attach, start('of-web')), 'not-found');
    const sessions = [
      { project: 'team', instance: 'web' },
      { project: 'team', instance: 'db' },
    ];
    const list = rule('PERMISSION_VIEW', { contents: true });
    assert.deepEqual(user.gate.answer(user.caller, list, { project: 'team' }, { sessions }), {
      sessions: [sessions[0]],
    });
  });
});
