import { createHash, randomBytes } from 'node:crypto';
import { groupsIn, type Rights } from './trusted-client.ts';

/** A secret that lets one client in, once. The secret itself is not kept. */
export interface StoredToken {
  /** SHA-256 of the secret, hexadecimal. */
  readonly secretHash: string;
  /** What the client gets that sends it. */
  readonly rights: Rights;
  readonly createdAt: string;
  /** ISO 8601; absent: never. */
  readonly expiresAt?: string;
}

/** 256 bits: nobody guesses it, so trying is not limited. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function parseStoredToken(value: unknown): StoredToken {
  const token = value as StoredToken; // written by this server only; what trust hangs on is checked
  if (!/^[0-9a-f]{64}$/.test(token.secretHash) || typeof token.rights.restricted !== 'boolean') {
    throw new TypeError('not a token');
  }
  return { ...token, rights: { ...token.rights, groups: groupsIn(token.rights) } };
}
