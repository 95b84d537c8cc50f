import type { TrustedClient__Output } from '../../proto/gen/yurt/v1/TrustedClient.ts';
import type { TrustToken__Output } from '../../proto/gen/yurt/v1/TrustToken.ts';
import { dateOf, isoOf } from '../output/units.ts';

/** A client as `-f json`, `-f yaml` and `config trust show` show it. */
export function clientRecord(client: TrustedClient__Output): Record<string, unknown> {
  const { name, type, restricted, projects, certificate, fingerprint, createdAt, expiresAt } = client;
  return {
    ...{ name, type, restricted, projects, certificate, fingerprint },
    ...{ created_at: isoOf(dateOf(createdAt)), expires_at: isoOf(dateOf(expiresAt)) },
  };
}

export function tokenRecord({ rights, createdAt, expiresAt }: TrustToken__Output): Record<string, unknown> {
  const { name = '', restricted = false, projects = [] } = rights ?? {};
  return {
    ...{ name, restricted, projects },
    ...{ created_at: isoOf(dateOf(createdAt)), expires_at: isoOf(dateOf(expiresAt)) },
  };
}
