import type { ClientRights } from '../../proto/gen/yurt/v1/ClientRights.ts';
import { Failure } from '../client/failure.ts';

/** What can be seen of a client and not be changed. */
const fixedKeys = ['type', 'certificate', 'fingerprint', 'created_at'];

/** The rights that a YAML document describes: what it leaves out is not given. A `Failure` says what is wrong with it. */
export async function parseRights(text: string): Promise<ClientRights> {
  const { parse } = await import('yaml');
  const fail = (problem: string) => new Failure(`The document ${problem}`);
  let value: unknown;
  try {
    value = parse(text, { schema: 'failsafe' });
  } catch (error) {
    throw fail(`is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('is not a map');
  const {
    name,
    restricted = 'false',
    projects = [],
    groups = [],
    expires_at: expiry = '',
    ...others
  } = value as Fields;
  const unknown = Object.keys(others).find((key) => !fixedKeys.includes(key));
  if (unknown !== undefined) throw fail(`has the unknown key "${unknown}"`);
  if (typeof name !== 'string') throw fail('has no "name"');
  if (restricted !== 'true' && restricted !== 'false') throw fail('has a "restricted" that is neither true nor false');
  if (!isNames(projects)) throw fail('has "projects" that are not a list of names');
  if (!isNames(groups)) throw fail('has "groups" that are not a list of names');
  const seconds = Math.floor(Date.parse(String(expiry)) / 1000);
  if (expiry !== '' && Number.isNaN(seconds)) throw fail('has an "expires_at" that is no date');
  const rights = { name, restricted: restricted === 'true', projects, groups };
  return expiry === '' ? rights : { ...rights, expiresAt: { seconds } };
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

interface Fields {
  readonly name?: unknown;
  readonly restricted?: unknown;
  readonly projects?: unknown;
  readonly groups?: unknown;
  readonly expires_at?: unknown;
  readonly [key: string]: unknown;
}
