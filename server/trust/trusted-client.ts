import { X509Certificate } from 'node:crypto';
import { fingerprintOf } from '../../proto/remote/fingerprint.ts';
import { etagOf } from '../base/etag.ts';
import { Fault } from '../base/fault.ts';

/** What a client may see and do, and until when. */
export interface Rights {
  readonly name: string;
  /** To what is in `projects`, and to what its groups permit; otherwise it may do everything. */
  readonly restricted: boolean;
  /** In these it may do everything but what needs the whole server. */
  readonly projects: readonly string[];
  /** Ids of the groups whose permissions it has. */
  readonly groups: readonly string[];
  /** ISO 8601; absent: for ever. */
  readonly expiresAt?: string;
}

/** A client whose certificate is trusted. */
export interface TrustedClient extends Rights {
  /** SHA-256 of the certificate, hexadecimal: what the client is known by. */
  readonly fingerprint: string;
  readonly certificatePem: string;
  readonly createdAt: string;
}

const maxPemBytes = 64 * 1024;
const maxProjects = 1000;
const maxGroups = 100;

/** Faults: `invalid` for a name, projects or an expiry that cannot be. */
export function checkRights(rights: Rights, now: Date): void {
  const { name, restricted, projects, groups, expiresAt } = rights;
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/.test(name)) {
    const rule = 'must be 1 to 63 letters, digits, ".", "_", "@" or "-", and begin with a letter or digit';
    throw new Fault('invalid', `Invalid client name "${name.slice(0, 80)}": it ${rule}`);
  }
  if (!restricted && projects.length > 0) {
    throw new Fault('invalid', 'Projects are for clients that are restricted: the others may see all');
  }
  if (projects.length > maxProjects || new Set(projects).size < projects.length) {
    throw new Fault('invalid', `The projects must be at most ${maxProjects}, none of them twice`);
  }
  if (!restricted && groups.length > 0) {
    throw new Fault('invalid', 'Groups are for clients that are restricted: the others may do everything');
  }
  if (groups.length > maxGroups || new Set(groups).size < groups.length) {
    throw new Fault('invalid', `The groups must be at most ${maxGroups}, none of them twice`);
  }
  if (expiresAt !== undefined && !(Date.parse(expiresAt) > now.getTime())) {
    throw new Fault('invalid', 'The expiry is in the past');
  }
}

/** The certificate of a PEM text, alone and written anew. Fault `invalid`. */
export function readCertificate(pem: string): { readonly fingerprint: string; readonly certificatePem: string } {
  try {
    if (pem.length > maxPemBytes) throw new RangeError('too large');
    const certificate = new X509Certificate(pem);
    return { fingerprint: fingerprintOf(certificate.raw), certificatePem: certificate.toString() };
  } catch (error) {
    throw new Fault('invalid', 'This is not an X.509 certificate in PEM', { cause: error });
  }
}

export function hasExpired({ expiresAt }: Pick<Rights, 'expiresAt'>, now: Date): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime();
}

/** The tag of what may be changed of a client. */
export function rightsEtag({ name, restricted, projects, groups, expiresAt = '' }: Rights): string {
  return etagOf({ name, restricted, projects, groups, expiresAt });
}

export function parseTrustedClient(value: unknown): TrustedClient {
  const client = value as TrustedClient; // written by this server only; what trust hangs on is checked
  const { fingerprint, name, restricted, projects } = client;
  if (!/^[0-9a-f]{64}$/.test(fingerprint) || typeof name !== 'string') throw new TypeError('not a trusted client');
  if (typeof restricted !== 'boolean' || !Array.isArray(projects)) throw new TypeError('not a trusted client');
  return { ...client, groups: groupsIn(client) };
}

/** Records from before there were groups have none. */
export function groupsIn({ groups }: { readonly groups?: readonly string[] }): readonly string[] {
  if (groups === undefined) return [];
  if (!Array.isArray(groups) || !groups.every((id) => typeof id === 'string')) throw new TypeError('not groups');
  return groups;
}
