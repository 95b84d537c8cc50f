/** What a server hands to one new client: where it is, what it is known by, and a secret that is good once. */
export interface TrustToken {
  readonly clientName: string;
  /** SHA-256 of the server's certificate, hexadecimal. */
  readonly fingerprint: string;
  /** `host:port`, to be tried one after the other. */
  readonly addresses: readonly string[];
  readonly secret: string;
  readonly expiresAt: Date | undefined;
}

const maxTokenLength = 64 * 1024;
const maxAddresses = 64;

/** As one word of base64, with the field names of the tools of this kind. */
export function encodeToken(token: TrustToken): string {
  const { clientName, fingerprint, addresses, secret, expiresAt } = token;
  const json = {
    ...{ client_name: clientName, fingerprint, addresses, secret, type: 'client' },
    expires_at: expiresAt?.toISOString() ?? '0001-01-01T00:00:00Z',
  };
  return Buffer.from(JSON.stringify(json)).toString('base64');
}

/** Undefined for a word that is no token. */
export function decodeToken(word: string): TrustToken | undefined {
  if (word.length > maxTokenLength || !/^[A-Za-z0-9+/_-]{40,}={0,2}$/.test(word)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(word, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { client_name: clientName = '', fingerprint, addresses, secret, expires_at: expiry } = value as FieldNames;
  if (typeof clientName !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  if (typeof fingerprint !== 'string' || !/^[0-9a-f]{64}$/.test(fingerprint)) return undefined;
  if (!Array.isArray(addresses) || addresses.length > maxAddresses) return undefined;
  if (!addresses.every((address): address is string => typeof address === 'string')) return undefined;
  const time = typeof expiry === 'string' ? Date.parse(expiry) : Number.NaN;
  const expiresAt = Number.isNaN(time) || time < 0 ? undefined : new Date(time);
  return { clientName, fingerprint, addresses, secret, expiresAt };
}

interface FieldNames {
  readonly client_name?: unknown;
  readonly fingerprint?: unknown;
  readonly addresses?: unknown;
  readonly secret?: unknown;
  readonly expires_at?: unknown;
}
