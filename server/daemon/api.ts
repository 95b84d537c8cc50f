import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import type { Log } from '../base/log.ts';
import { ApiServer, localLimits, remoteLimits, strangerLimits } from '../rpc/api-server.ts';
import { localIdentity } from '../rpc/identity.ts';
import { RemotePeers } from '../rpc/remote-peers.ts';
import { type RouterDeps, route } from '../rpc/router.ts';
import type { TrustStore } from '../trust/trust-store.ts';

export interface ApiParts {
  /** Serves processes of this host. */
  readonly local: ApiServer;
  /** Serves those on the network who are trusted. */
  readonly remote: ApiServer;
  readonly strangers: ApiServer;
  readonly peers: RemotePeers;
}

/** The services, for those who are trusted and, with narrow limits and next to nothing allowed, for those who are not. */
export function openApi(
  log: Log,
  handlers: Readonly<Record<string, object>>,
  trust: TrustStore,
  { checkProject, publish }: Pick<RouterDeps, 'checkProject'> & { publish: RouterDeps['audit'] },
): ApiParts {
  const api = loadApi();
  const routed = ({ identify, audit }: Pick<RouterDeps, 'identify' | 'audit'>) =>
    Object.entries(handlers).map(([name, handler]) => {
      const definition = api[`yurt.v1.${name}`] as ServiceDefinition; // named in the API, held by a test
      return { definition, implementation: route({ checkProject, log, identify, audit }, definition, handler) };
    });
  const identify = (peer: string) => (peer.startsWith('unix:uid=') ? localIdentity(peer) : peers.identify(peer));
  const identifyStranger = (peer: string) => peers.identifyStranger(peer);
  // What strangers fail at is their own affair: it must not push the events of others out.
  const auditStranger: RouterDeps['audit'] = (audit, project) => {
    if (audit.result === 'ok') publish(audit, project);
    else peers.logRefusal(audit.caller, `${audit.method}: ${audit.result}`);
  };
  const services = routed({ identify, audit: publish });
  const local = new ApiServer({ api, services, limits: localLimits });
  const remote = new ApiServer({ api, services, limits: remoteLimits });
  const strangers = new ApiServer({
    ...{
      api,
      services: routed({ identify: identifyStranger, audit: auditStranger }),
      limits: strangerLimits,
      forStrangers: true,
    },
  });
  const peers = new RemotePeers({
    log,
    server: remote,
    strangers,
    find: (fingerprint) => knownClient(trust, fingerprint),
  });
  trust.onChanged = (fingerprint) => peers.drop(fingerprint, 'its rights have changed');
  return { local, remote, strangers, peers };
}

function knownClient(trust: TrustStore, fingerprint: string) {
  const client = trust.find(fingerprint);
  return client === undefined
    ? undefined
    : { name: client.name, projects: client.restricted ? client.projects : undefined };
}
