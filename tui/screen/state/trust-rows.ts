import type { Group__Output } from '../../../proto/gen/yurt/v1/Group.ts';
import type { TrustedClient__Output } from '../../../proto/gen/yurt/v1/TrustedClient.ts';
import type { TrustToken__Output } from '../../../proto/gen/yurt/v1/TrustToken.ts';

/** A client that the server trusts, a token that lets one in, or a group that says what clients may do. */
export type TrustRow =
  | { readonly client: TrustedClient__Output }
  | { readonly token: TrustToken__Output }
  | { readonly group: Group__Output };

export type TrustRows = ReadonlyMap<string, TrustRow>;

/** By kind and name: `client/laptop`, `token/laptop`, `group/team`. */
export function trustRows(told: {
  readonly clients: readonly TrustedClient__Output[];
  readonly tokens: readonly TrustToken__Output[];
  readonly groups: readonly Group__Output[];
}): TrustRows {
  return new Map<string, TrustRow>([
    ...told.clients.map((client) => [`client/${client.name}`, { client }] as const),
    ...told.tokens.map((token) => [`token/${token.rights?.name ?? ''}`, { token }] as const),
    ...told.groups.map((group) => [`group/${group.name}`, { group }] as const),
  ]);
}
