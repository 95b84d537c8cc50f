import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadApi, loadFileDescriptors } from '../../proto/api.ts';
import type { Log } from '../base/log.ts';
import type { InstancePlaces } from '../instances/instance-places.ts';
import { ApiServer, localLimits, remoteLimits, strangerLimits } from '../rpc/api-server.ts';
import { localIdentity } from '../rpc/identity.ts';
import { RemotePeers } from '../rpc/remote-peers.ts';
import { type RouterDeps, route } from '../rpc/router.ts';
import { AccessSight } from '../rpc/sight.ts';
import type { ClientAccess } from '../trust/client-access.ts';

export interface ApiParts {
  /** Serves processes of this host. */
  readonly local: ApiServer;
  /** Serves those on the network who are trusted. */
  readonly remote: ApiServer;
  readonly strangers: ApiServer;
  readonly peers: RemotePeers;
}

/** Who the clients on the network are, and where the instances are that they may see. */
export interface Clients {
  readonly access: ClientAccess;
  readonly places: InstancePlaces;
}

/** The services, for those who are trusted and, with narrow limits and next to nothing allowed, for those who are not. */
export function openApi(
  log: Log,
  handlers: Readonly<Record<string, object>>,
  { access, places }: Clients,
  { checkProject, gate, publish }: Pick<RouterDeps, 'checkProject' | 'gate'> & { publish: RouterDeps['audit'] },
): ApiParts {
  const api = loadApi();
  const files = loadFileDescriptors();
  const routed = ({ identify, audit }: Pick<RouterDeps, 'identify' | 'audit'>) =>
    Object.entries(handlers).map(([name, handler]) => {
      const definition = api[`yurt.v1.${name}`] as ServiceDefinition; // named in the API, held by a test
      return { definition, implementation: route({ checkProject, gate, log, identify, audit }, definition, handler) };
    });
  const identify = (peer: string) => (peer.startsWith('unix:uid=') ? localIdentity(peer) : peers.identify(peer));
  const identifyStranger = (peer: string) => peers.identifyStranger(peer);
  // What strangers fail at is their own affair: it must not push the events of others out.
  const auditStranger: RouterDeps['audit'] = (audit, project) => {
    if (audit.result === 'ok') publish(audit, project);
    else peers.logRefusal(audit.caller, `${audit.method}: ${audit.result}`);
  };
  const services = routed({ identify, audit: publish });
  const local = new ApiServer({ files, services, limits: localLimits });
  const inbound = {
    ownerOf: (peer: string) => peers.identify(peer)?.certificate?.fingerprint ?? peer,
    refused: (peer: string) =>
      peers.logRefusal(peers.identify(peer)?.name ?? peer, 'its requests hold too much memory', 'clients'),
  };
  const remote = new ApiServer({ files, services, limits: remoteLimits, inbound });
  const strangers = new ApiServer({
    ...{
      files,
      services: routed({ identify: identifyStranger, audit: auditStranger }),
      limits: strangerLimits,
      forStrangers: true,
    },
  });
  const find = (fingerprint: string) => {
    const client = access.find(fingerprint);
    if (client === undefined) return undefined;
    return { name: client.name, sight: new AccessSight(() => access.of(fingerprint), places) };
  };
  const peers = new RemotePeers({ log, server: remote, strangers, find });
  return { local, remote, strangers, peers };
}
