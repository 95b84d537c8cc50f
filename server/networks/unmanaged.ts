import type { Link } from '../host/links.ts';

/** A link of the host that no network of ours manages, as `network list` shows it. */
export interface UnmanagedLink {
  readonly name: string;
  /** `bridge`, `physical`, `loopback` or the kernel's name of the kind. */
  readonly type: string;
}

/** All links but the managed bridges and the host's ends of our nics, sorted by name. */
export function unmanagedLinks(
  links: readonly Link[],
  managed: ReadonlySet<string>,
  isNicLink: (link: Link) => boolean,
): UnmanagedLink[] {
  return links
    .filter((link) => !managed.has(link.name) && !isNicLink(link))
    .map((link) => ({ name: link.name, type: link.kind }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
