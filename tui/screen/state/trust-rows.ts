import type { TrustedClient__Output } from '../../../proto/gen/yurt/v1/TrustedClient.ts';
import type { TrustToken__Output } from '../../../proto/gen/yurt/v1/TrustToken.ts';

/** A client that the server trusts, or a token that lets one in. */
export type TrustRow = { readonly client: TrustedClient__Output } | { readonly token: TrustToken__Output };

export type TrustRows = ReadonlyMap<string, TrustRow>;

/** By kind and name: `client/laptop`, `token/laptop`. */
export function trustRows(clients: readonly TrustedClient__Output[], tokens: readonly TrustToken__Output[]): TrustRows {
  return new Map<string, TrustRow>([
    ...clients.map((client) => [`client/${client.name}`, { client }] as const),
    ...tokens.map((token) => [`token/${token.rights?.name ?? ''}`, { token }] as const),
  ]);
}
