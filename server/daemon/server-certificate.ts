import { createPrivateKey, X509Certificate } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type KeyPair, makeKeyPair } from '../../proto/remote/certificate.ts';
import { fingerprintOf } from '../../proto/remote/fingerprint.ts';
import { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { readOptional } from './server.ts';

export interface ServerCertificate extends KeyPair {
  readonly fingerprint: string;
}

/** The certificate that this server shows to clients on the network: `server.crt` and `server.key` among its state. */
export class ServerCertificateFiles {
  readonly #log: Log;
  readonly #certificatePath: string;
  readonly #keyPath: string;
  readonly #hostName: string;
  #loaded: Promise<ServerCertificate> | undefined;
  #fingerprint = '';

  constructor({ log, state, hostName }: { log: Log; state: string; hostName: string }) {
    this.#log = log;
    this.#certificatePath = join(state, 'server.crt');
    this.#keyPath = join(state, 'server.key');
    this.#hostName = hostName;
  }

  /** Made on first use. Fault `invalid` when the files were changed and are no pair. */
  async get(): Promise<ServerCertificate> {
    this.#loaded ??= this.#load();
    try {
      const loaded = await this.#loaded;
      this.#fingerprint = loaded.fingerprint;
      return loaded;
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }

  /** Empty while it was not needed yet. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  async #load(): Promise<ServerCertificate> {
    const [certificatePem, keyPem] = await Promise.all([
      readOptional(this.#certificatePath),
      readOptional(this.#keyPath),
    ]);
    return checked(certificatePem === '' || keyPem === '' ? await this.#make() : { certificatePem, keyPem });
  }

  async #make(): Promise<KeyPair> {
    const addresses = Object.values(networkInterfaces()).flatMap((links = []) => links.map(({ address }) => address));
    const names = [this.#hostName, 'localhost', ...addresses.map((address) => address.replace(/%.*$/, ''))];
    const pair = await makeKeyPair({ commonName: this.#hostName, use: 'server', names });
    // The certificate is there last: with it, the key is its own, whenever this ends.
    await rm(this.#certificatePath, { force: true });
    await write(this.#keyPath, pair.keyPem, 0o600);
    await write(this.#certificatePath, pair.certificatePem, 0o644);
    this.#log.info({ path: this.#certificatePath }, 'the certificate of this server was made');
    return pair;
  }
}

function checked(pair: KeyPair): ServerCertificate {
  try {
    const certificate = new X509Certificate(pair.certificatePem);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.keyPem))) throw new Error('the key is of another');
    return { ...pair, fingerprint: fingerprintOf(certificate.raw) };
  } catch (error) {
    const remedy = 'remove both, and new ones are made, which all clients must be told to trust';
    throw new Fault('invalid', `server.crt and server.key in the state directory are not a pair; ${remedy}`, {
      cause: error,
    });
  }
}

/** Whole or not at all, and never readable for others before it is complete. */
async function write(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode, flag: 'wx', flush: true });
  await rename(draft, path);
}
