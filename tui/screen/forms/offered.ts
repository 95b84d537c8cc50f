import type { Image__Output } from '../../../proto/gen/yurt/v1/Image.ts';
import type { Network__Output } from '../../../proto/gen/yurt/v1/Network.ts';
import type { Offer, State } from '../state/state.ts';

/** What a server has for a form to offer; empty, or its own name: the present one. Undefined: it has not told yet. */
export function offerOf({ data, remote: present }: State, remote: string): Offer | undefined {
  if (remote !== '' && remote !== present) return data.offers.get(remote);
  const { images, recipes, profiles, networks, storage, projects } = data;
  return {
    ...{ images: [...images.values()], recipes, profiles: [...profiles.values()], networks: [...networks.values()] },
    ...{ pools: [...storage.values()], projects: [...projects.values()] },
  };
}

/** Images that a server has or can build, then those of others, as `server:image`. */
export function imagesFor(state: State, remote: string): string[] {
  const target = remote === '' ? state.remote : remote;
  const own = offerOf(state, target);
  const others = [state.remote, ...state.data.offers.keys()].filter((name) => name !== target);
  const elsewhere = others.flatMap((name) =>
    (offerOf(state, name)?.images ?? []).flatMap(namesOf).map((image) => `${name}:${image}`),
  );
  return [...new Set([...ownImages(own), ...(own?.recipes ?? []).flatMap(({ images }) => images), ...elsewhere])];
}

/** Images that a server has. */
export function ownImages(offer: Offer | undefined): string[] {
  return (offer?.images ?? []).flatMap(namesOf);
}

export function managedNetworks(networks: readonly Network__Output[]): string[] {
  return networks.filter(({ managed }) => managed).map(({ name }) => name);
}

function namesOf({ aliases, fingerprint }: Image__Output): string[] {
  return aliases.length === 0 ? [fingerprint.slice(0, 12)] : aliases.map(({ name }) => name);
}
