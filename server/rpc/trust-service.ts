import type { ClientRights__Output } from '../../proto/gen/yurt/v1/ClientRights.ts';
import type { TrustedClient as ClientMessage } from '../../proto/gen/yurt/v1/TrustedClient.ts';
import type { TrustServiceHandlers } from '../../proto/gen/yurt/v1/TrustService.ts';
import { encodeToken } from '../../proto/remote/token.ts';
import { Fault } from '../base/fault.ts';
import type { Groups } from '../trust/groups.ts';
import type { StoredToken } from '../trust/token.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import { type Rights, rightsEtag, type TrustedClient } from '../trust/trusted-client.ts';
import { namesOf } from './auth-service.ts';
import { encodeTime } from './encode.ts';
import type { Handlers } from './router.ts';

export interface TrustServiceDeps {
  readonly trust: TrustStore;
  readonly groups: Groups;
  /** Of the server itself; made on first use. */
  readonly certificate: () => Promise<{ readonly fingerprint: string }>;
  /** `host:port` of where the server can be reached; none when it does not listen on the network. */
  readonly addresses: () => readonly string[];
  /** When a token that is made now expires; undefined: never. */
  readonly tokenExpiry: () => Promise<Date | undefined>;
}

export function trustService(deps: TrustServiceDeps): Handlers<TrustServiceHandlers> {
  const { trust, groups } = deps;
  const encodeClient = (client: TrustedClient) => encodeClientOf(groups, client);
  const rightsOf = (message: ClientRights__Output | null) => decodeRights(groups, message);
  return {
    ListTrustedClients: async () => ({ clients: trust.list().map(encodeClient) }),
    GetTrustedClient: async (_call, { client }) => ({ client: encodeClient(trust.get(client)) }),
    AddTrustedClient: async (_call, { rights, certificate }) => ({
      client: encodeClient(await trust.add(rightsOf(rights), certificate)),
    }),
    UpdateTrustedClient: async (_call, { client, rights, etag }) => ({
      client: encodeClient(await trust.update(client, rightsOf(rights), etag)),
    }),
    RemoveTrustedClient: async (_call, { client }) => {
      await trust.remove(client);
      return {};
    },
    CreateTrustToken: async (_call, request) => {
      const addresses = deps.addresses();
      if (addresses.length === 0) {
        const remedy = 'run "yurt config set core.https_address=:8443" first';
        throw new Fault('wrong-state', `Cannot make a token: the server does not listen on the network; ${remedy}`);
      }
      const rights = rightsOf(request.rights);
      const [{ fingerprint }, expiresAt] = await Promise.all([deps.certificate(), deps.tokenExpiry()]);
      const secret = await trust.issue(rights, expiresAt);
      const token = encodeToken({ clientName: rights.name, fingerprint, addresses, secret, expiresAt });
      return { token, expiresAt: expiresAt === undefined ? null : encodeTime(expiresAt) };
    },
    ListTrustTokens: async () => ({ tokens: (await trust.tokens()).map((token) => encodeStoredToken(groups, token)) }),
    RevokeTrustToken: async (_call, { name }) => {
      await trust.revoke(name);
      return {};
    },
    RedeemTrustToken: async ({ identity }, { secret }) => {
      if (identity.certificate === undefined) {
        throw new Fault('invalid', 'A token is for clients on the network: this one is trusted by its socket');
      }
      const { name, restricted, projects } = await trust.redeem(secret, identity.certificate.pem);
      return { name, restricted, projects: [...projects] };
    },
  };
}

function decodeRights(groups: Groups, message: ClientRights__Output | null): Rights {
  if (message === null) throw new Fault('invalid', 'The rights of the client are missing');
  const { name, restricted, projects, expiresAt } = message;
  const rights = { name, restricted, projects, groups: message.groups.map((group) => groups.get(group).id) };
  if (expiresAt === null) return rights;
  const date = new Date(expiresAt.seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new Fault('invalid', 'The expiry is no date');
  return { ...rights, expiresAt: date.toISOString() };
}

function encodeRights(groups: Groups, { name, restricted, projects, groups: ids, expiresAt }: Rights) {
  return {
    name,
    restricted,
    projects: [...projects],
    groups: namesOf(groups, ids),
    expiresAt: expiresAt === undefined ? null : encodeTime(expiresAt),
  };
}

function encodeClientOf(groups: Groups, client: TrustedClient): ClientMessage {
  const { fingerprint, certificatePem, createdAt } = client;
  return {
    ...{ ...encodeRights(groups, client), fingerprint, certificate: certificatePem, type: 'client' },
    ...{ createdAt: encodeTime(createdAt), etag: rightsEtag(client) },
  };
}

function encodeStoredToken(groups: Groups, { rights, createdAt, expiresAt }: StoredToken) {
  return {
    ...{ rights: encodeRights(groups, rights), createdAt: encodeTime(createdAt) },
    expiresAt: expiresAt === undefined ? null : encodeTime(expiresAt),
  };
}
