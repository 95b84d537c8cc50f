import { webcrypto } from 'node:crypto';

/** A certificate that vouches for itself, and its private key. */
export interface KeyPair {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

export interface CertificateRequest {
  /** Who it is for, for people: nobody is identified by it. */
  readonly commonName: string;
  readonly use: 'server' | 'client';
  /** Host names and addresses of a server. */
  readonly names?: readonly string[];
}

/** A certificate is known by its fingerprint; its end is far, since all who trust it would have to be told of the next. */
const validityDays = 3650;
/** Clocks of two hosts differ. */
const backdatedMs = 24 * 3600 * 1000;
const dayMs = 24 * 3600 * 1000;

/** A new ECDSA key on the curve P-384 and a certificate of it. It takes a moment: the library for it is large. */
export async function makeKeyPair({ commonName, use, names = [] }: CertificateRequest): Promise<KeyPair> {
  await import('reflect-metadata'); // the library's own dependency needs it and does not load it
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const usage = use === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const alternatives = names.map((value) => ({ type: isAddress(value) ? 'ip' : 'dns', value }) as const);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: [{ O: ['yurt'] }, { CN: [commonName] }],
      notBefore: new Date(Date.now() - backdatedMs),
      notAfter: new Date(Date.now() + validityDays * dayMs),
      signingAlgorithm: { ...algorithm, hash: 'SHA-384' },
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
      ],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certificatePem: `${certificate.toString('pem')}\n`, keyPem: pemOf('PRIVATE KEY', key) };
}

function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Positive, 16 bytes: RFC 5280, 4.1.2.2. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  return `40${Buffer.from(bytes.subarray(1)).toString('hex')}`;
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
