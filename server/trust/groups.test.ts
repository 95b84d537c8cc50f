import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { makeKeyPair } from '../../proto/remote/certificate.ts';
import { MemoryStore } from '../db/memory-store.ts';
import { ClientAccess } from './client-access.ts';
import { type Group, groupEtag, maxPermissions, type Permission } from './group.ts';
import { Groups } from './groups.ts';
import { TrustStore } from './trust-store.ts';

const onServer = (role: Permission['role']): Permission => ({ entity: { type: 'server' }, role });
const onProject = (project: string, role: Permission['role']): Permission => ({
  entity: { type: 'project', project },
  role,
});
const onInstance = (uuid: string, role: Permission['role']): Permission => ({
  entity: { type: 'instance', uuid },
  role,
});
const content = (name: string, ...permissions: Permission[]) => ({ name, description: '', permissions });

describe('groups', () => {
  async function open(store = new MemoryStore()) {
    const actions: string[] = [];
    const events = { lifecycle: (action: string, source: string) => void actions.push(`${action} ${source}`) };
    return { groups: await Groups.open({ store, events }), store, actions };
  }

  it('are kept, changed, renamed and deleted', async () => {
    const { groups, store, actions } = await open();
    const made = await groups.create(content('crew', onServer('viewer')));
    await assert.rejects(groups.create(content('crew')), { code: 'already-exists' });
    const change = { description: 'The crew', permissions: [onProject('team', 'user')] };
    await assert.rejects(groups.update('crew', change, 'old'), { code: 'conflict' });
    await groups.update('crew', change, groupEtag(made));
    await groups.create(content('other'));
    await assert.rejects(groups.rename('crew', 'other'), { code: 'already-exists' });
    await groups.rename('crew', 'band');
    const again = await open(store);
    assert.deepEqual(again.groups.get('band'), { ...made, ...change, name: 'band' });
    await groups.remove('band');
    await assert.rejects(groups.remove('band'), { code: 'not-found' });
    assert.deepEqual(
      (await open(store)).groups.list().map(({ name }) => name),
      ['other'],
    );
    assert.deepEqual(actions, [
      'auth-group-created auth-group/crew',
      'auth-group-updated auth-group/crew',
      'auth-group-created auth-group/other',
      'auth-group-renamed auth-group/band',
      'auth-group-deleted auth-group/band',
    ]);
  });

  it('refuse what cannot be', async () => {
    const { groups } = await open();
    const many = Array.from({ length: maxPermissions + 1 }, (_, index) => onInstance(String(index), 'user'));
    for (const wrong of [
      content(''),
      content('a b'),
      { ...content('crew'), description: 'x'.repeat(5000) },
      content('crew', onServer('viewer'), onServer('viewer')),
      content('crew', ...many),
    ]) {
      await assert.rejects(groups.create(wrong), { code: 'invalid' });
    }
    assert.deepEqual(groups.list(), []);
  });

  it('lose their permissions for a project with its name, or follow it', async () => {
    const { groups } = await open();
    await groups.create(content('crew', onProject('team', 'user'), onProject('band', 'user'), onServer('viewer')));
    await groups.projectBecame('team', 'band');
    assert.deepEqual(groups.get('crew').permissions, [onProject('band', 'user'), onServer('viewer')]);
    await groups.projectBecame('band', undefined);
    assert.deepEqual(groups.get('crew').permissions, [onServer('viewer')]);
  });
});

describe('the access of clients', () => {
  let pem = '';
  before(async () => {
    pem = (await makeKeyPair({ commonName: 'a', use: 'client' })).certificatePem;
  });

  async function client(...permissions: Permission[]) {
    const store = new MemoryStore();
    const events = { lifecycle() {} };
    const groups = await Groups.open({ store, events });
    const trust = await TrustStore.open({
      ...{ store, events, checkProject: async () => {}, now: () => new Date() },
      hasGroup: (id) => groups.find(id) !== undefined,
    });
    const reduced: string[] = [];
    const access = new ClientAccess({ trust, groups, onReduced: (_fingerprint, reason) => void reduced.push(reason) });
    const group = await groups.create(content('crew', ...permissions));
    const rights = { name: 'guest', restricted: true, projects: ['own'], groups: [group.id] };
    const { fingerprint } = await trust.add(rights, pem);
    reduced.length = 0;
    const update = (...next: Permission[]) =>
      groups.update('crew', { description: '', permissions: next } satisfies Partial<Group>, '');
    return { trust, groups, reduced, update, of: () => access.of(fingerprint) };
  }

  it('are the highest of what its projects and groups give', async () => {
    const { of, groups, trust } = await client(
      onProject('team', 'viewer'),
      onInstance('u1', 'user'),
      onProject('own', 'viewer'),
    );
    const more = await groups.create(content('more', onProject('team', 'operator'), onServer('viewer')));
    const { groups: own } = trust.get('guest');
    await trust.update('guest', { ...trust.get('guest'), groups: [...own, more.id] }, '');
    assert.deepEqual(of(), {
      server: 'viewer',
      projects: new Map([
        ['own', 'admin'],
        ['team', 'operator'],
      ]),
      instances: new Map([['u1', 'user']]),
    });
  });

  it('change at once, and connections end only when they are less', async () => {
    const { of, reduced, update, groups } = await client(onProject('team', 'operator'), onInstance('u1', 'user'));
    await update(onProject('team', 'operator'), onInstance('u1', 'operator'), onServer('viewer'));
    assert.deepEqual([of().server, reduced], ['viewer', []]);
    await groups.rename('crew', 'band');
    await groups.rename('band', 'crew');
    assert.deepEqual(reduced, []);
    await update(onServer('operator'));
    assert.deepEqual(reduced, [], 'the server includes what the project and the instance gave');
    await update(onServer('user'));
    assert.equal(reduced.length, 1);
    assert.equal(of().server, 'user');
    await groups.remove('crew');
    assert.equal(reduced.length, 2);
    assert.deepEqual(of(), { server: undefined, projects: new Map([['own', 'admin']]), instances: new Map() });
  });

  it('do not come back with a group of the same name', async () => {
    const { of, groups } = await client(onServer('viewer'));
    await groups.remove('crew');
    await groups.create(content('crew', onServer('admin')));
    assert.equal(of().server, undefined);
  });

  it('are none for a certificate that is not trusted any more', async () => {
    const { of, trust } = await client(onServer('admin'));
    assert.equal(of().server, 'admin');
    await trust.remove('guest');
    assert.deepEqual(of(), { server: undefined, projects: new Map(), instances: new Map() });
  });
});
