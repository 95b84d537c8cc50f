import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { makeKeyPair } from '../../proto/remote/certificate.ts';
import { fingerprintOfPem } from '../../proto/remote/fingerprint.ts';
import { Fault } from '../base/fault.ts';
import { MemoryStore } from '../db/memory-store.ts';
import { TrustStore } from './trust-store.ts';
import { type Rights, rightsEtag } from './trusted-client.ts';

const free: Rights = { name: 'laptop', restricted: false, projects: [], groups: [] };

describe('the trust store', () => {
  let pem = '';
  let otherPem = '';
  let now = new Date('2030-01-01T00:00:00Z');
  before(async () => {
    [pem = '', otherPem = ''] = await Promise.all(
      ['a', 'a'].map(async (commonName) => (await makeKeyPair({ commonName, use: 'client' })).certificatePem),
    );
  });

  async function open(store = new MemoryStore()) {
    now = new Date('2030-01-01T00:00:00Z');
    const changed: string[] = [];
    const actions: string[] = [];
    const trust = await TrustStore.open({
      store,
      events: { lifecycle: (action) => void actions.push(action) },
      checkProject: async (name) => {
        if (name !== 'team') throw new Fault('not-found', `Project "${name}" does not exist`);
      },
      hasGroup: (id) => id === 'group',
      now: () => now,
    });
    trust.onChanged = (fingerprint) => void changed.push(fingerprint);
    return { trust, store, changed, actions };
  }

  it('lets in who has the secret, once, and knows the client by its certificate alone', async () => {
    const { trust, store, actions } = await open();
    const secret = await trust.issue({ ...free, restricted: true, projects: ['team'] }, undefined);
    assert.doesNotMatch(JSON.stringify(await store.list('')), new RegExp(secret));
    const client = await trust.redeem(secret, pem);
    assert.deepEqual([client.name, client.restricted, client.projects], ['laptop', true, ['team']]);
    assert.equal(trust.find(fingerprintOfPem(pem) ?? '')?.name, 'laptop');
    assert.equal(trust.find(fingerprintOfPem(otherPem) ?? ''), undefined, 'another key with the same names');
    await assert.rejects(trust.redeem(secret, otherPem), { code: 'forbidden' });
    assert.deepEqual(actions, ['certificate-token-created', 'certificate-created']);
  });

  it('lets one of two in who send a secret at once', async () => {
    const { trust } = await open();
    const secret = await trust.issue(free, undefined);
    const results = await Promise.allSettled([trust.redeem(secret, pem), trust.redeem(secret, otherPem)]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(trust.list().length, 1);
  });

  it('refuses secrets that are wrong, expired or revoked', async () => {
    const { trust } = await open();
    const secret = await trust.issue(free, new Date(now.getTime() + 1000));
    await assert.rejects(trust.redeem(`${secret}x`, pem), { code: 'forbidden' });
    await assert.rejects(trust.redeem('', pem), { code: 'forbidden' });
    now = new Date(now.getTime() + 1000);
    await assert.rejects(trust.redeem(secret, pem), { code: 'forbidden' });
    assert.deepEqual(await trust.tokens(), []);
    const second = await trust.issue(free, undefined);
    await trust.revoke('laptop');
    await assert.rejects(trust.redeem(second, pem), { code: 'forbidden' });
    await assert.rejects(trust.revoke('laptop'), { code: 'not-found' });
    assert.deepEqual(trust.list(), []);
  });

  it('forgets at once who is removed, and at its time who expires', async () => {
    const { trust, changed } = await open();
    const { fingerprint } = await trust.add(free, pem);
    await trust.remove('laptop');
    assert.equal(trust.find(fingerprint), undefined);
    assert.deepEqual(changed, [fingerprint, fingerprint]);
    await trust.add({ ...free, expiresAt: '2030-01-01T00:00:05Z' }, pem);
    assert.ok(trust.find(fingerprint));
    now = new Date('2030-01-01T00:00:05Z');
    assert.equal(trust.find(fingerprint), undefined);
  });

  it('survives a restart', async () => {
    const { trust, store } = await open();
    const { fingerprint } = await trust.add(free, pem);
    const again = await open(store);
    assert.equal(again.trust.find(fingerprint)?.name, 'laptop');
  });

  it('finds clients by name and by what begins their fingerprint', async () => {
    const { trust } = await open();
    const { fingerprint } = await trust.add(free, pem);
    await trust.add({ ...free, name: 'other' }, otherPem);
    assert.equal(trust.get('laptop').fingerprint, fingerprint);
    assert.equal(trust.get(fingerprint.slice(0, 12)).name, 'laptop');
    assert.throws(() => trust.get(fingerprint.slice(0, 5)), { code: 'not-found' });
    assert.throws(() => trust.get(''), { code: 'not-found' });
  });

  it('changes rights, unless somebody else did, and never the certificate', async () => {
    const { trust, changed } = await open();
    const client = await trust.add(free, pem);
    const restricted = { name: 'desk', restricted: true, projects: ['team'], groups: ['group'] };
    await assert.rejects(trust.update('laptop', restricted, 'old'), { code: 'conflict' });
    const updated = await trust.update('laptop', restricted, rightsEtag(client));
    assert.deepEqual([updated.fingerprint, updated.certificatePem], [client.fingerprint, client.certificatePem]);
    assert.deepEqual(trust.find(client.fingerprint)?.projects, ['team']);
    assert.equal(changed.length, 2);
  });

  it('lets the rights of clients and tokens follow the name of a project', async () => {
    const { trust, changed } = await open();
    const rights = { ...free, restricted: true, projects: ['team'] };
    await trust.add(rights, pem);
    const secret = await trust.issue({ ...rights, name: 'other' }, undefined);
    await trust.projectBecame('other', undefined);
    assert.equal(changed.length, 1);
    await trust.projectBecame('team', 'crew');
    assert.deepEqual(trust.get('laptop').projects, ['crew']);
    assert.equal(changed.length, 2);
    await trust.projectBecame('crew', undefined);
    assert.deepEqual(trust.get('laptop').projects, []);
    assert.deepEqual((await trust.redeem(secret, otherPem)).projects, []);
  });

  it('redeems a token without the groups that are no more', async () => {
    const present = new Set(['one', 'two']);
    const store = new MemoryStore();
    const trust = await TrustStore.open({
      ...{ store, events: { lifecycle() {} }, checkProject: async () => {}, now: () => now },
      hasGroup: (id) => present.has(id),
    });
    const secret = await trust.issue({ ...free, restricted: true, groups: ['one', 'two'] }, undefined);
    present.delete('one');
    assert.deepEqual((await trust.redeem(secret, pem)).groups, ['two']);
  });

  it('refuses what cannot be', async () => {
    const { trust } = await open();
    await trust.add(free, pem);
    for (const [rights, certificate, code] of [
      [{ ...free, name: 'other' }, pem, 'already-exists'],
      [free, otherPem, 'already-exists'],
      [{ ...free, name: 'a b' }, otherPem, 'invalid'],
      [{ ...free, name: 'x', projects: ['team'] }, otherPem, 'invalid'],
      [{ ...free, name: 'x', restricted: true, projects: ['none'] }, otherPem, 'not-found'],
      [{ ...free, name: 'x', restricted: true, projects: ['team', 'team'] }, otherPem, 'invalid'],
      [{ ...free, name: 'x', groups: ['group'] }, otherPem, 'invalid'],
      [{ ...free, name: 'x', restricted: true, groups: ['none'] }, otherPem, 'not-found'],
      [{ ...free, name: 'x', restricted: true, groups: ['group', 'group'] }, otherPem, 'invalid'],
      [{ ...free, name: 'x', expiresAt: '2029-01-01T00:00:00Z' }, otherPem, 'invalid'],
      [{ ...free, name: 'x' }, 'no certificate', 'invalid'],
    ] as const) {
      await assert.rejects(trust.add(rights, certificate), { code }, JSON.stringify(rights));
    }
    assert.equal(trust.list().length, 1);
  });
});
