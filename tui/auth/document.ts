import { Failure } from '../client/failure.ts';
import type { Permission } from './permission.ts';

/** What can be seen of a group and not be changed. */
const fixedKeys = ['name', 'identities'];

export interface GroupDocument {
  readonly description: string;
  readonly permissions: readonly Permission[];
}

/** The description and permissions of a YAML document: what it leaves out is not given. A `Failure` says what is wrong with it. */
export async function parseGroup(text: string): Promise<GroupDocument> {
  const { parse } = await import('yaml');
  const fail = (problem: string) => new Failure(`The document ${problem}`);
  let value: unknown;
  try {
    value = parse(text, { schema: 'failsafe' });
  } catch (error) {
    throw fail(`is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!isMap(value)) throw fail('is not a map');
  const { description = '', permissions = [], ...others } = value;
  const unknown = Object.keys(others).find((key) => !fixedKeys.includes(key));
  if (unknown !== undefined) throw fail(`has the unknown key "${unknown}"`);
  if (typeof description !== 'string') throw fail('has a "description" that is not a text');
  if (!Array.isArray(permissions)) throw fail('has "permissions" that are not a list');
  return { description, permissions: permissions.map((one, index) => permissionIn(one, index + 1, fail)) };
}

function permissionIn(value: unknown, number: number, fail: (problem: string) => Failure): Permission {
  const { entity_type: entityType, entity = '', project = '', entitlement, ...others } = isMap(value) ? value : {};
  const texts = [entityType, entity, project, entitlement];
  if (!texts.every((one) => typeof one === 'string') || Object.keys(others).length > 0) {
    throw fail(`has permission ${number} that is not a map of entity_type, entity, project and entitlement`);
  }
  const [type = '', name = '', place = '', role = ''] = texts;
  return { entityType: type, entity: name, project: place, entitlement: role };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
