import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { makeKeyPair } from './certificate.ts';
import { fingerprintOfPem } from './fingerprint.ts';
import { decodeToken, encodeToken, type TrustToken } from './token.ts';

describe('a new certificate', () => {
  it('is signed by its own P-384 key, for its use and its names, and known by its fingerprint', async () => {
    const names = ['host1', '10.0.0.1', 'fd42::1'];
    const { certificatePem, keyPem } = await makeKeyPair({ commonName: 'host1', use: 'server', names });
    const certificate = new X509Certificate(certificatePem);
    assert.equal(createPrivateKey(keyPem).asymmetricKeyDetails?.namedCurve, 'secp384r1');
    assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
    assert.ok(certificate.verify(createPublicKey(certificatePem)));
    assert.deepEqual(
      [certificate.ca, certificate.checkHost('host1'), certificate.checkIP('10.0.0.1'), certificate.checkIP('fd42::1')],
      [false, 'host1', '10.0.0.1', 'fd42::1'],
    );
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.equal(fingerprintOfPem(certificatePem), certificate.fingerprint256.replaceAll(':', '').toLowerCase());
    assert.ok(Date.parse(certificate.validTo) > Date.now() + 9 * 365 * 24 * 3600 * 1000);
  });

  it('differs from every other', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => makeKeyPair({ commonName: 'x', use: 'client' })));
    assert.notEqual(fingerprintOfPem(one?.certificatePem ?? ''), fingerprintOfPem(two?.certificatePem ?? ''));
  });
});

describe('a token', () => {
  const token: TrustToken = {
    ...{ clientName: 'laptop', fingerprint: 'ab'.repeat(32), addresses: ['10.0.0.1:8443', '[fd42::1]:8443'] },
    ...{ secret: 's3cret', expiresAt: new Date('2030-01-01T00:00:00Z') },
  };

  it('is one word that says the same on the other side', () => {
    const word = encodeToken(token);
    assert.match(word, /^[A-Za-z0-9+/=]+$/);
    assert.deepEqual(decodeToken(word), token);
    assert.deepEqual(decodeToken(encodeToken({ ...token, expiresAt: undefined }))?.expiresAt, undefined);
  });

  it('is refused when it is anything else', () => {
    const wrong = (change: object) =>
      decodeToken(
        Buffer.from(JSON.stringify({ fingerprint: 'ab'.repeat(32), addresses: [], secret: 's', ...change })).toString(
          'base64',
        ),
      );
    assert.notEqual(wrong({}), undefined);
    for (const change of [
      { fingerprint: 'x' },
      { addresses: 'a' },
      { addresses: [1] },
      { secret: '' },
      { client_name: 1 },
    ]) {
      assert.equal(wrong(change), undefined, JSON.stringify(change));
    }
    for (const word of ['', 'host:8443', 'x'.repeat(100), Buffer.from('[]'.repeat(30)).toString('base64')]) {
      assert.equal(decodeToken(word), undefined, word);
    }
  });
});
