import type { Group__Output } from '../../proto/gen/yurt/v1/Group.ts';
import type { TrustedClient__Output } from '../../proto/gen/yurt/v1/TrustedClient.ts';
import type { Permission } from './permission.ts';

/** A group as `-f json`, `-f yaml` and `auth group show` show it. */
export function groupRecord({ name, description, permissions, identities }: Group__Output): Record<string, unknown> {
  return {
    ...{ name, description, permissions: permissions.map(permissionRecord) },
    identities: { tls: identities },
  };
}

export function permissionRecord({ entityType, entity, project, entitlement }: Permission): Record<string, unknown> {
  return {
    entity_type: entityType,
    ...(entity === '' ? {} : { entity }),
    ...(project === '' ? {} : { project }),
    entitlement,
  };
}

/** A client as an identity. */
export function identityRecord(client: TrustedClient__Output): Record<string, unknown> {
  const { name, fingerprint, projects, groups } = client;
  return { authentication_method: 'tls', type: identityType(client), id: fingerprint, name, projects, groups };
}

export function identityType({ restricted }: Pick<TrustedClient__Output, 'restricted'>): string {
  return restricted ? 'Client certificate (restricted)' : 'Client certificate (unrestricted)';
}
