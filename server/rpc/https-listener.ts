import { constants, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { fingerprintOf } from '../../proto/remote/fingerprint.ts';
import { Fault } from '../base/fault.ts';
import { formatAddress, type ListenAddress } from '../base/listen-address.ts';
import type { Log } from '../base/log.ts';
import type { PeerCertificate } from './identity.ts';
import type { RemotePeers } from './remote-peers.ts';

/** From the first packet to the end of the handshake. */
const handshakeTimeoutMs = 10_000;
/** Of the kernel, for connections that yurtd has not accepted yet. */
const backlog = 128;

export interface HttpsListenerDeps {
  readonly log: Log;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly peers: RemotePeers;
}

export interface HttpsListening {
  readonly address: ListenAddress;
  /** Takes no more connections; those that there are stay. */
  close(): void;
}

/**
 * Accepts connections from the network: TLS 1.3 only, with a certificate of the client, whose key TLS proves that it has.
 * Who issued it and which names are in it does not count. Fault of the errno when the address cannot be bound.
 */
export async function listenHttps(deps: HttpsListenerDeps, address: ListenAddress): Promise<HttpsListening> {
  const { peers } = deps;
  const server = createServer({
    ...{ cert: deps.certificatePem, key: deps.keyPem, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
    ...{ requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['h2'], handshakeTimeout: handshakeTimeoutMs },
    // A session that is taken up again would not prove the client's key again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  server.on('connection', (socket) => peers.arrived(socket));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    // Only the socket below knows the address of a peer that has gone.
    const { _parent: raw = socket } = socket as TLSSocket & { readonly _parent?: Socket };
    peers.refuse(raw, error.code ?? error.message);
  });
  server.on('secureConnection', (socket) => admit(peers, socket));
  await bind(server, address);
  server.on('error', (error) => deps.log.error({ err: error }, 'the listener for clients on the network failed'));
  return {
    address,
    close: () => {
      server.close();
    },
  };
}

function admit(peers: RemotePeers, socket: TLSSocket): void {
  const certificate = socket.getPeerX509Certificate();
  const reason = refusalOf(socket, certificate, new Date());
  if (reason !== undefined || certificate === undefined) peers.refuse(socket, reason ?? '');
  else peers.admit(socket, certificateOf(certificate));
}

/** Why a connection is no use to anybody. */
function refusalOf(socket: TLSSocket, certificate: X509Certificate | undefined, now: Date): string | undefined {
  if (socket.alpnProtocol !== 'h2') return 'it does not speak HTTP/2';
  if (socket.isSessionReused()) return 'it took up an old session';
  if (certificate === undefined) return 'it has no certificate';
  if (certificate.validFromDate > now) return 'its certificate is not valid yet';
  if (certificate.validToDate < now) return 'its certificate has expired';
  return undefined;
}

function certificateOf(certificate: X509Certificate): PeerCertificate {
  return { fingerprint: fingerprintOf(certificate.raw), pem: certificate.toString() };
}

async function bind(server: Server, address: ListenAddress): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Without a host: all addresses of both families.
      server.listen({ port: address.port, backlog, ...(address.host === '' ? {} : { host: address.host }) }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException; // of node:net
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another program listens there',
      EADDRNOTAVAIL: 'this host does not have the address',
      ENOTFOUND: 'the name has no address',
      EAI_AGAIN: 'the name cannot be resolved',
      EACCES: 'permission denied',
    };
    const fault = code === 'EADDRINUSE' ? 'in-use' : 'unavailable';
    throw new Fault(fault, `Cannot listen on ${formatAddress(address)}: ${reasons[code] ?? code}`, { cause: error });
  }
}
