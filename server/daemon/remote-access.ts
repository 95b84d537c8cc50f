import { networkInterfaces } from 'node:os';
import { Fault } from '../base/fault.ts';
import { formatAddress, type ListenAddress, parseListenAddress } from '../base/listen-address.ts';
import type { Log } from '../base/log.ts';
import { type HttpsListening, listenHttps } from '../rpc/https-listener.ts';
import type { RemotePeers } from '../rpc/remote-peers.ts';
import type { ServerCertificateFiles } from './server-certificate.ts';
import type { PreparedChange } from './server-config.ts';

export interface RemoteAccessDeps {
  readonly log: Log;
  readonly certificate: ServerCertificateFiles;
  readonly peers: RemotePeers;
}

/** An address may be there only some time after the host's start. */
const retryMs = 10_000;

/** Whether, and where, the server listens on the network: what `core.https_address` says, at any time. */
export class RemoteAccess {
  readonly #deps: RemoteAccessDeps;
  #present: HttpsListening | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(deps: RemoteAccessDeps) {
    this.#deps = deps;
  }

  /** `host:port` of where clients may find it; of a listener on all addresses, those that others can see, if there are any. */
  get addresses(): readonly string[] {
    const address = this.#present?.address;
    if (address === undefined) return [];
    if (address.host !== '' && address.host !== '0.0.0.0' && address.host !== '::') return [formatAddress(address)];
    const all = Object.values(networkInterfaces()).flatMap((links = []) => links);
    const others = all
      .filter(({ internal, address: one, family }) => !internal && !(family === 'IPv6' && /^fe[89ab]/.test(one)))
      .filter(({ family }) => address.host !== '0.0.0.0' || family === 'IPv4')
      .map((link) => formatAddress({ host: link.address, port: address.port }));
    return others.length > 0 ? others : [formatAddress({ host: 'localhost', port: address.port })];
  }

  /** Listens where the configuration says. What hinders it is logged and tried again: the server starts anyway. */
  async start(configured: string): Promise<void> {
    try {
      await (await this.prepare(configured)).commit();
    } catch (error) {
      this.#deps.log.error({ reason: Fault.from(error).message }, 'clients on the network cannot be served yet');
      this.#retry = setTimeout(() => void this.start(configured), retryMs).unref();
    }
  }

  /** Listens at another address too, until the change is committed or reverted. Faults: `invalid`, `in-use`, `unavailable`. */
  async prepare(configured: string): Promise<PreparedChange> {
    const before = this.#present;
    const wanted = configured === '' ? undefined : parseListenAddress(configured);
    if (configured !== '' && wanted === undefined) throw new Fault('invalid', `"${configured}" is no address`);
    clearTimeout(this.#retry);
    if (isSame(before?.address, wanted)) return { commit: async () => {}, revert: async () => {} };
    const next = wanted === undefined ? undefined : await this.#listenInstead(wanted, before);
    return {
      commit: async () => {
        this.#present = next;
        before?.close();
        this.#deps.log.info({ address: configured }, 'the address for clients on the network has changed');
      },
      revert: async () => {
        next?.close();
        if (before !== undefined) this.#present = await this.#listen(before.address).catch(() => before);
      },
    };
  }

  /** Takes no more connections. */
  stopListening(): void {
    clearTimeout(this.#retry);
    this.#present?.close();
    this.#present = undefined;
  }

  /** Ends all connections. */
  close(): void {
    this.stopListening();
    this.#deps.peers.close();
  }

  /** One of both addresses may cover the other: then the old one must go first, and comes back when the new one fails. */
  async #listenInstead(wanted: ListenAddress, before: HttpsListening | undefined): Promise<HttpsListening> {
    try {
      return await this.#listen(wanted);
    } catch (error) {
      if (before === undefined || before.address.port !== wanted.port || Fault.from(error).code !== 'in-use')
        throw error;
    }
    before.close();
    try {
      return await this.#listen(wanted);
    } catch (error) {
      this.#present = await this.#listen(before.address);
      throw error;
    }
  }

  async #listen(address: ListenAddress): Promise<HttpsListening> {
    const { log, peers, certificate } = this.#deps;
    const { certificatePem, keyPem } = await certificate.get();
    return await listenHttps({ log, peers, certificatePem, keyPem }, address);
  }
}

function isSame(one: ListenAddress | undefined, other: ListenAddress | undefined): boolean {
  return one?.host === other?.host && one?.port === other?.port;
}
