import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../base/log.ts';
import type { ApiServer } from './api-server.ts';
import { clientIdentity, type Identity, type PeerCertificate, strangerIdentity } from './identity.ts';
import type { Sight } from './sight.ts';

/** What the trust store knows of a client that may connect. */
export interface KnownClient {
  readonly name: string;
  readonly sight: Sight;
}

export interface RemotePeersDeps {
  readonly log: Log;
  /** Serves those who are trusted. */
  readonly server: Pick<ApiServer, 'serve'>;
  /** Serves those who are not, yet. */
  readonly strangers: Pick<ApiServer, 'serve'>;
  /** Undefined for a certificate that is not trusted, or not any more. */
  readonly find: (fingerprint: string) => KnownClient | undefined;
}

export const peerLimits = {
  /** Connections of trusted clients, and of any one of them. */
  connections: 1000,
  connectionsOfClient: 200,
  /** Connections of which nothing is known: in their handshake, or with a certificate that nobody trusts. */
  strangers: 256,
  /** What a client with a token needs to send it. */
  strangerLifeMs: 15_000,
  /** For what was said last to a stranger that was let stay. */
  lingerMs: 5_000,
  /** How often trust that has ended by time is looked for. */
  sweepIntervalMs: 1_000,
  /** Lines about refused connections in a second; an attacker must not fill the disk. */
  refusalsLogged: 10,
};

interface Peer {
  readonly socket: TLSSocket;
  readonly address: string;
  readonly certificate: PeerCertificate;
  /** The client that it was let in as; undefined: a stranger. */
  readonly client: KnownClient | undefined;
}

interface Stranger {
  readonly socket: Socket;
  readonly address: string;
  readonly host: string;
  readonly since: number;
}

/**
 * Everybody who is connected over the network. Each has a name that its calls carry (`getPeer()`), by which this finds who
 * it is: at every call anew, so that what was revoked a moment ago is revoked.
 */
export class RemotePeers {
  readonly #deps: RemotePeersDeps;
  readonly #limits: typeof peerLimits;
  readonly #peers = new Map<string, Peer>();
  /** By the raw socket below TLS, in the order of their arrival. */
  readonly #strangers = new Map<Socket, Stranger>();
  readonly #rawOf = new Map<string, Socket>();
  readonly #refused = new WeakSet<Socket>();
  readonly #sweeper: NodeJS.Timeout;
  #count = 0;
  readonly #refusals = { strangers: noneRefused(), clients: noneRefused() };

  constructor(deps: RemotePeersDeps, limits = peerLimits) {
    this.#deps = deps;
    this.#limits = limits;
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepIntervalMs);
    this.#sweeper.unref();
  }

  /** A connection was accepted; nothing of it was read yet. */
  arrived(socket: Socket): void {
    const address = addressOf(socket);
    const host = socket.remoteAddress ?? '';
    socket.on('error', () => {}); // a peer that goes away is no event
    this.#strangers.set(socket, { socket, address, host, since: Date.now() });
    this.#rawOf.set(address, socket);
    socket.once('close', () => this.#forgetStranger(address, socket));
    if (this.#strangers.size > this.#limits.strangers) this.#makeRoom();
  }

  /**
   * Ends the oldest stranger of the address that has the most of them: whoever floods is in its own way before it is in that
   * of others, and one of its address who proves at once who it is has done so before its turn comes.
   */
  #makeRoom(): void {
    const ofHost = Map.groupBy(this.#strangers.values(), ({ host }) => host);
    const [crowd = []] = [...ofHost.values()].sort((one, other) => other.length - one.length);
    const [oldest] = crowd;
    if (oldest === undefined) return;
    this.refuse(oldest.socket, 'others came, and it had not proven who it is');
    this.#forgetStranger(oldest.address, oldest.socket);
  }

  /** Ends a connection that is no use. What TLS makes of its end is not told again. */
  refuse(socket: Socket, reason: string): void {
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    this.logRefusal(this.#strangers.get(socket)?.address ?? addressOf(socket), reason);
    socket.destroy();
  }

  /** TLS is done: the peer has the key of this certificate. */
  admit(socket: TLSSocket, certificate: PeerCertificate): void {
    const address = addressOf(socket);
    const client = this.#deps.find(certificate.fingerprint);
    const others = [...this.#peers.values()].filter((peer) => peer.client !== undefined);
    const own = others.filter((peer) => peer.certificate.fingerprint === certificate.fingerprint);
    if (client !== undefined && others.length >= this.#limits.connections) {
      this.refuse(socket, 'too many clients are connected');
      return;
    }
    if (client !== undefined && own.length >= this.#limits.connectionsOfClient) {
      this.refuse(socket, 'the client has too many connections');
      return;
    }
    this.#count += 1;
    const name = `tls:${this.#count}@${address}`;
    Object.defineProperties(socket, {
      remoteAddress: { get: () => name },
      remotePort: { get: () => undefined },
    });
    this.#peers.set(name, { socket, address, certificate, client });
    // What breaks the rules of HTTP/2 is told of; one that goes away is no event.
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code?.startsWith('ERR_HTTP2')) this.logRefusal(address, message);
    });
    socket.once('close', () => this.#peers.delete(name));
    if (client === undefined) {
      this.#deps.log.info({ peer: address, fingerprint: certificate.fingerprint }, 'an unknown client connected');
      this.#deps.strangers.serve(socket);
      return;
    }
    const raw = this.#rawOf.get(address);
    if (raw !== undefined) this.#forgetStranger(address, raw);
    this.#deps.server.serve(socket);
  }

  /** Who makes a call, by the name of its connection. Undefined when that is none of ours, or not trusted any more. */
  identify(name: string): Identity | undefined {
    const peer = this.#peers.get(name);
    const client = peer === undefined ? undefined : this.#deps.find(peer.certificate.fingerprint);
    if (peer?.client === undefined || client === undefined) return undefined;
    return clientIdentity(`client ${client.name} at ${peer.address}`, peer.certificate, client.sight);
  }

  /** Who makes a call that strangers may make. */
  identifyStranger(name: string): Identity | undefined {
    const peer = this.#peers.get(name);
    return peer === undefined ? undefined : strangerIdentity(`unknown client at ${peer.address}`, peer.certificate);
  }

  /** Lets a stranger stay that has proven what it is for. Disposing of it ends the connection, a little later. */
  keep(name: string): Disposable {
    const peer = this.#peers.get(name);
    if (peer === undefined || peer.client !== undefined) return { [Symbol.dispose]: () => {} };
    const raw = this.#rawOf.get(peer.address);
    if (raw !== undefined) this.#forgetStranger(peer.address, raw);
    const end = () => setTimeout(() => peer.socket.destroy(), this.#limits.lingerMs).unref();
    return { [Symbol.dispose]: () => void end() };
  }

  /** Ends every connection of a certificate, and with it all that is under way on them. */
  drop(fingerprint: string, reason: string): void {
    for (const peer of this.#peers.values()) {
      if (peer.client === undefined || peer.certificate.fingerprint !== fingerprint) continue;
      this.#deps.log.info({ peer: peer.address, client: peer.client.name, reason }, 'a client was disconnected');
      peer.socket.destroy();
    }
  }

  /** Ends everything. */
  close(): void {
    clearInterval(this.#sweeper);
    for (const { socket } of this.#peers.values()) socket.destroy();
    for (const socket of this.#strangers.keys()) socket.destroy();
  }

  /** What time alone ends: trust that expires, and the patience with strangers. */
  #sweep(): void {
    for (const { certificate, client } of [...this.#peers.values()]) {
      if (client === undefined || this.#deps.find(certificate.fingerprint) !== undefined) continue;
      this.drop(certificate.fingerprint, 'it is not trusted any more');
    }
    const oldest = Date.now() - this.#limits.strangerLifeMs;
    for (const stranger of [...this.#strangers.values()]) {
      if (stranger.since >= oldest) return;
      this.refuse(stranger.socket, 'it has not proven who it is in time');
    }
  }

  #forgetStranger(address: string, socket: Socket): void {
    this.#strangers.delete(socket);
    if (this.#rawOf.get(address) === socket) this.#rawOf.delete(address);
  }

  /** A line of the log, unless there are too many of them. */
  logRefusal(peer: string, reason: string, whose: 'strangers' | 'clients' = 'strangers'): void {
    const second = Math.floor(Date.now() / 1000);
    const refusals = this.#refusals[whose];
    if (second !== refusals.second) {
      const { silent } = refusals;
      if (silent > 0) this.#deps.log.info({ count: silent }, 'more connections from the network were refused');
      Object.assign(refusals, noneRefused(), { second });
    }
    if (refusals.logged >= this.#limits.refusalsLogged) refusals.silent += 1;
    else {
      refusals.logged += 1;
      this.#deps.log.info({ peer, reason: reason.slice(0, 200) }, 'a connection from the network was refused');
    }
  }
}

/** Refusals within a second: told of, and only counted. */
function noneRefused() {
  return { second: 0, logged: 0, silent: 0 };
}

/** `10.0.0.7:51234`, `[fd42::7]:51234`. */
function addressOf(socket: Socket): string {
  const { remoteAddress = '', remotePort = 0 } = socket;
  const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
  return host.includes(':') ? `[${host}]:${remotePort}` : `${host}:${remotePort}`;
}
