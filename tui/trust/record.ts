import type { TrustedClient__Output } from '../../proto/gen/yurt/v1/TrustedClient.ts';
import type { TrustToken__Output } from '../../proto/gen/yurt/v1/TrustToken.ts';
import { dateOf, isoOf } from '../output/units.ts';

/** A client as `-f json`, `-f yaml` and `config trust show` show it. */
export function clientRecord(client: TrustedClient__Output): Record<string, unknown> {
  const { name, type, restricted, projects, groups, certificate, fingerprint, createdAt, expiresAt } = client;
  return {
    ...{ name, type, restricted, projects, groups, certificate, fingerprint },
    ...{ created_at: isoOf(dateOf(createdAt)), expires_at: isoOf(dateOf(expiresAt)) },
  };
}

export function tokenRecord({ rights, createdAt, expiresAt }: TrustToken__Output): Record<string, unknown> {
  const { name = '', restricted = false, projects = [], groups = [] } = rights ?? {};
  return {
    ...{ name, restricted, projects, groups },
    ...{ created_at: isoOf(dateOf(createdAt)), expires_at: isoOf(dateOf(expiresAt)) },
  };
}

/** What a client is restricted to, a line each. */
export function restrictionText(rights: {
  readonly restricted: boolean;
  readonly projects: readonly string[];
  readonly groups: readonly string[];
}): string {
  const { restricted, projects, groups } = rights;
  if (!restricted) return 'no';
  return [...projects, ...groups.map((group) => `group ${group}`)].join('\n') || '(to nothing)';
}
