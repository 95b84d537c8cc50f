import { type Access, accessOf, isWithin, noAccess } from './access.ts';
import type { Group } from './group.ts';
import type { Groups } from './groups.ts';
import type { TrustStore } from './trust-store.ts';
import type { TrustedClient } from './trusted-client.ts';

export interface ClientAccessDeps {
  readonly trust: TrustStore;
  readonly groups: Groups;
  /** Called with the fingerprint of a client that may not do any more what it may be doing at the moment. */
  readonly onReduced: (fingerprint: string, reason: string) => void;
}

/** What each trusted client may see and do, by its own rights and by the groups that it is in. */
export class ClientAccess {
  readonly #deps: ClientAccessDeps;
  /** By fingerprint: it is asked for at every call. */
  readonly #known = new Map<string, Access>();

  constructor(deps: ClientAccessDeps) {
    this.#deps = deps;
    const { trust, groups } = deps;
    trust.onChanged = (fingerprint) => {
      this.#known.delete(fingerprint);
      deps.onReduced(fingerprint, 'its rights have changed');
    };
    groups.onChanged = (before, after) => this.#groupChanged(before, after);
  }

  /** Undefined for a certificate that is not trusted, or not any more. */
  find(fingerprint: string): TrustedClient | undefined {
    return this.#deps.trust.find(fingerprint);
  }

  /** None at all for a certificate that is not trusted. */
  of(fingerprint: string): Access {
    const client = this.find(fingerprint);
    if (client === undefined) return noAccess;
    const known = this.#known.get(fingerprint) ?? this.#accessOf(client, this.#deps.groups.list());
    this.#known.set(fingerprint, known);
    return known;
  }

  #groupChanged(before: Group, after: Group | undefined): void {
    const now = this.#deps.groups.list();
    const then = [...now.filter(({ id }) => id !== before.id), before];
    for (const client of this.#deps.trust.list().filter(({ groups }) => groups.includes(before.id))) {
      this.#known.delete(client.fingerprint);
      if (isWithin(this.#accessOf(client, then), this.#accessOf(client, now))) continue;
      const reason = after === undefined ? 'was deleted' : 'has less permissions';
      this.#deps.onReduced(client.fingerprint, `its group "${before.name}" ${reason}`);
    }
  }

  #accessOf(client: TrustedClient, all: readonly Group[]): Access {
    return accessOf(
      client,
      all.filter(({ id }) => client.groups.includes(id)),
    );
  }
}
