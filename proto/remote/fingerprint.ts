import { createHash, X509Certificate } from 'node:crypto';

/** SHA-256 of a certificate in DER, in lower-case hexadecimal: what it is known by. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** The fingerprint of the first certificate of a PEM text. Undefined when there is none. */
export function fingerprintOfPem(pem: string): string | undefined {
  try {
    return fingerprintOf(new X509Certificate(pem).raw);
  } catch {
    return undefined;
  }
}
