import { Fault } from '../base/fault.ts';
import { Serial } from '../base/serial.ts';
import { Collection } from '../db/collection.ts';
import type { Store } from '../db/store.ts';
import type { Events } from '../events/events.ts';
import { hashOfSecret, newSecret, parseStoredToken, type StoredToken } from './token.ts';
import {
  checkRights,
  hasExpired,
  parseTrustedClient,
  type Rights,
  readCertificate,
  rightsEtag,
  type TrustedClient,
} from './trusted-client.ts';

export interface TrustStoreDeps {
  readonly store: Store;
  readonly events: Pick<Events, 'lifecycle'>;
  /** Fault `not-found` for a project that does not exist. */
  readonly checkProject: (name: string) => Promise<unknown>;
  readonly hasGroup: (id: string) => boolean;
  readonly now: () => Date;
}

const maxClients = 10_000;
const maxTokens = 1_000;
/** Nobody types less of a fingerprint by mistake. */
const minFingerprintPrefix = 6;

/**
 * The clients whose certificates are trusted, and the tokens that let new ones in. Who is trusted is held in memory too:
 * it is asked for at every call.
 */
export class TrustStore {
  readonly #deps: TrustStoreDeps;
  readonly #clients: Collection<TrustedClient>;
  readonly #tokens: Collection<StoredToken>;
  readonly #present = new Map<string, TrustedClient>();
  readonly #serial = new Serial();
  /** Called with the fingerprint of a client whose rights have changed or ended. */
  onChanged: (fingerprint: string) => void = () => {};

  private constructor(deps: TrustStoreDeps) {
    this.#deps = deps;
    this.#clients = new Collection(deps.store, 'trust/client/', parseTrustedClient);
    this.#tokens = new Collection(deps.store, 'trust/token/', parseStoredToken);
  }

  static async open(deps: TrustStoreDeps): Promise<TrustStore> {
    const store = new TrustStore(deps);
    for (const { record } of await store.#clients.list()) store.#present.set(record.fingerprint, record);
    return store;
  }

  /** The client that is trusted by this certificate, now. */
  find(fingerprint: string): TrustedClient | undefined {
    const client = this.#present.get(fingerprint);
    return client === undefined || hasExpired(client, this.#deps.now()) ? undefined : client;
  }

  list(): TrustedClient[] {
    return [...this.#present.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** By its name, or by a beginning of its fingerprint. Faults: `not-found`; `invalid` when several fit. */
  get(word: string): TrustedClient {
    const all = this.list();
    const named = all.find(({ name }) => name === word);
    if (named !== undefined) return named;
    const fitting =
      word.length < minFingerprintPrefix ? [] : all.filter(({ fingerprint }) => fingerprint.startsWith(word));
    const [client] = fitting;
    if (client === undefined) throw new Fault('not-found', `Client "${word.slice(0, 80)}" is not trusted`);
    if (fitting.length > 1) throw new Fault('invalid', `Several clients have a fingerprint that begins with ${word}`);
    return client;
  }

  /** Faults: `invalid`, `not-found` (a project), `already-exists`, `exhausted`. */
  async add(rights: Rights, pem: string): Promise<TrustedClient> {
    const certificate = readCertificate(pem);
    return await this.#alone(async () => {
      await this.#check(rights);
      this.#checkNew(certificate.fingerprint);
      await this.#checkName(rights.name);
      const client = { ...rights, ...certificate, createdAt: this.#deps.now().toISOString() };
      await this.#clients.put(client.fingerprint, client, 0);
      return this.#added(client);
    });
  }

  /** Faults: those of `get` and `add`; `conflict` when `etag` is given and not the present one. */
  async update(word: string, rights: Rights, etag: string): Promise<TrustedClient> {
    return await this.#alone(async () => {
      const before = this.get(word);
      if (etag !== '' && etag !== rightsEtag(before)) {
        throw new Fault('conflict', `Client "${before.name}" was changed by somebody else in the meantime`);
      }
      await this.#check(rights);
      if (rights.name !== before.name) await this.#checkName(rights.name);
      const { fingerprint, certificatePem, createdAt } = before;
      return await this.#replace(before, { ...rights, fingerprint, certificatePem, createdAt });
    });
  }

  /** A project has another name from now on; undefined: it is no more. The rights of clients and tokens follow. */
  async projectBecame(name: string, newName: string | undefined): Promise<void> {
    const follow = (rights: Rights) => ({
      projects: rights.projects.flatMap((one) => (one !== name ? [one] : newName === undefined ? [] : [newName])),
    });
    await this.#alone(async () => {
      for (const client of this.list().filter(({ projects }) => projects.includes(name))) {
        await this.#replace(client, { ...client, ...follow(client) });
      }
      for (const { rights, secretHash } of (await this.tokens()).filter((one) => one.rights.projects.includes(name))) {
        await this.#tokens.update(secretHash, (now) => ({ ...now, rights: { ...rights, ...follow(rights) } }));
      }
    });
  }

  /** From now on the certificate is worth nothing. Faults: those of `get`. */
  async remove(word: string): Promise<void> {
    await this.#alone(async () => {
      const client = this.get(word);
      await this.#clients.remove(client.fingerprint);
      this.#present.delete(client.fingerprint);
      this.#announce('certificate-deleted', client);
    });
  }

  /** A secret that lets one client in, with these rights. Faults: as `add`. */
  async issue(rights: Rights, expiresAt: Date | undefined): Promise<string> {
    return await this.#alone(async () => {
      await this.#check(rights);
      await this.#checkName(rights.name);
      const tokens = await this.tokens();
      if (tokens.length >= maxTokens) throw new Fault('exhausted', `There are ${maxTokens} tokens already`);
      const secret = newSecret();
      const token: StoredToken = {
        ...{ secretHash: hashOfSecret(secret), rights, createdAt: this.#deps.now().toISOString() },
        ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
      };
      await this.#tokens.put(token.secretHash, token, 0);
      this.#deps.events.lifecycle('certificate-token-created', `certificate-token/${rights.name}`);
      return secret;
    });
  }

  /** Those that can still be used. */
  async tokens(): Promise<StoredToken[]> {
    const all = (await this.#tokens.list()).map(({ record }) => record);
    const now = this.#deps.now();
    for (const token of all.filter((one) => hasExpired(one, now))) await this.#tokens.remove(token.secretHash);
    return all.filter((one) => !hasExpired(one, now));
  }

  /** Fault `not-found`. */
  async revoke(name: string): Promise<void> {
    await this.#alone(async () => {
      const token = (await this.tokens()).find(({ rights }) => rights.name === name);
      if (token === undefined) throw new Fault('not-found', `There is no token for "${name.slice(0, 80)}"`);
      await this.#tokens.remove(token.secretHash);
      this.#deps.events.lifecycle('certificate-token-deleted', `certificate-token/${name}`);
    });
  }

  /** Trusts the certificate of whoever has the secret. The token is gone with it. Faults: `forbidden`, `already-exists`. */
  async redeem(secret: string, pem: string): Promise<TrustedClient> {
    const certificate = readCertificate(pem);
    return await this.#alone(async () => {
      const found = await this.#tokens.find(hashOfSecret(secret));
      if (found === undefined || hasExpired(found.record, this.#deps.now())) {
        throw new Fault('forbidden', 'The token is not known here: it was used, has expired or was revoked');
      }
      const { secretHash } = found.record;
      // Groups may have been deleted since the token was made: the others count.
      const rights = { ...found.record.rights, groups: found.record.rights.groups.filter(this.#deps.hasGroup) };
      this.#checkNew(certificate.fingerprint);
      await this.#check(rights);
      const client = { ...rights, ...certificate, createdAt: this.#deps.now().toISOString() };
      const key = this.#tokens.key(secretHash);
      await this.#clients.put(client.fingerprint, client, 0, {
        expect: [{ key, revision: found.revision }],
        remove: [key],
      });
      return this.#added(client);
    });
  }

  async #alone<Result>(action: () => Promise<Result>): Promise<Result> {
    return await this.#serial.run('trust', action);
  }

  async #replace({ fingerprint }: TrustedClient, client: TrustedClient): Promise<TrustedClient> {
    const found = await this.#clients.find(fingerprint);
    await this.#clients.put(fingerprint, client, found?.revision ?? 0);
    this.#present.set(fingerprint, client);
    this.#announce('certificate-updated', client);
    return client;
  }

  async #check(rights: Rights): Promise<void> {
    checkRights(rights, this.#deps.now());
    for (const project of rights.projects) await this.#deps.checkProject(project);
    if (!rights.groups.every(this.#deps.hasGroup)) throw new Fault('not-found', 'A group does not exist any more');
  }

  #checkNew(fingerprint: string): void {
    const client = this.#present.get(fingerprint);
    if (client !== undefined) {
      throw new Fault('already-exists', `The certificate is trusted already, as client "${client.name}"`);
    }
    if (this.#present.size >= maxClients) throw new Fault('exhausted', `There are ${maxClients} clients already`);
  }

  async #checkName(name: string): Promise<void> {
    if (this.list().some((client) => client.name === name)) {
      throw new Fault('already-exists', `Client "${name}" is trusted already`);
    }
    if ((await this.tokens()).some(({ rights }) => rights.name === name)) {
      throw new Fault('already-exists', `There is a token for "${name}" already: use it or revoke it`);
    }
  }

  #added(client: TrustedClient): TrustedClient {
    this.#present.set(client.fingerprint, client);
    this.#announce('certificate-created', client);
    return client;
  }

  #announce(action: string, { fingerprint, name }: TrustedClient): void {
    this.#deps.events.lifecycle(action, `certificate/${fingerprint}`, { name });
    this.onChanged(fingerprint);
  }
}
