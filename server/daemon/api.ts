import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import type { Log } from '../base/log.ts';
import { ApiServer, strangerLimits, trustedLimits } from '../rpc/api-server.ts';
import { type Identity, localIdentity } from '../rpc/identity.ts';
import { RemotePeers } from '../rpc/remote-peers.ts';
import { type RouterDeps, route } from '../rpc/router.ts';
import type { TrustStore } from '../trust/trust-store.ts';

export interface ApiParts {
  /** Serves everybody who is trusted, on any socket. */
  readonly server: ApiServer;
  readonly strangers: ApiServer;
  readonly peers: RemotePeers;
}

/** The services, for those who are trusted and, with narrow limits and next to nothing allowed, for those who are not. */
export function openApi(
  log: Log,
  handlers: Readonly<Record<string, object>>,
  trust: TrustStore,
  router: Omit<RouterDeps, 'log' | 'identify'>,
): ApiParts {
  const api = loadApi();
  const routed = (identify: (peer: string) => Identity | undefined) =>
    Object.entries(handlers).map(([name, handler]) => {
      const definition = api[`yurt.v1.${name}`] as ServiceDefinition; // named in the API, held by a test
      return { definition, implementation: route({ ...router, log, identify }, definition, handler) };
    });
  const identify = (peer: string) => (peer.startsWith('unix:uid=') ? localIdentity(peer) : peers.identify(peer));
  const identifyStranger = (peer: string) => peers.identifyStranger(peer);
  const server = new ApiServer({ api, services: routed(identify), limits: trustedLimits });
  const strangers = new ApiServer({
    ...{ api, services: routed(identifyStranger), limits: strangerLimits, forStrangers: true },
  });
  const peers = new RemotePeers({ log, server, strangers, find: (fingerprint) => knownClient(trust, fingerprint) });
  trust.onChanged = (fingerprint) => peers.drop(fingerprint, 'its rights have changed');
  return { server, strangers, peers };
}

function knownClient(trust: TrustStore, fingerprint: string) {
  const client = trust.find(fingerprint);
  return client === undefined
    ? undefined
    : { name: client.name, projects: client.restricted ? client.projects : undefined };
}
