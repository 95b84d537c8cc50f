import { createHash } from 'node:crypto';
import type { Link, LinkChange } from '../../host/links.ts';
import type { NicRequest } from '../contract.ts';

/**
 * The host's end of a nic: always the same for one nic of one instance of one server, so that a later server finds it
 * again; 44 bits of a hash, so that no other has it.
 */
export function hostLinkName(daemonId: string, instanceId: string, nic: string): string {
  return `yurt${createHash('sha256').update(`${daemonId}\0${instanceId}\0${nic}`).digest('hex').slice(0, 11)}`;
}

/** By which an end is known that has a name of the user's. */
const nicAlias = 'yurt:nic';
const madeName = /^yurt[0-9a-f]{11}$/;

/** Whether a link is the host's end of some nic, of this server or of another on the same host. */
export function isNicLink(link: Link): boolean {
  return link.kind === 'veth' && (madeName.test(link.name) || link.alias === nicAlias);
}

/** Whether a name of the user's could be taken for one that was made. */
export function isMadeName(name: string): boolean {
  return madeName.test(name);
}

/** What ports have unless they are told: a bridge takes on the least of its ports', so only a larger one matters to it. */
const usualMtu = 1500;

/** Creates the pair: the host's end in the bridge, the inner end in the instance, both down. */
export function nicChanges(hostName: string, bridge: string, nic: NicRequest, pid: number): LinkChange[] {
  const { name, hwaddr, mtu } = nic;
  const inner = { pid, name, hwaddr, ...(mtu === undefined ? {} : { mtu }) };
  return [
    { do: 'add-veth', name: hostName, master: bridge, inner },
    ...(isMadeName(hostName) ? [] : [{ do: 'set-alias', name: hostName, alias: nicAlias } as const]),
    ...(mtu === undefined || mtu <= usualMtu ? [] : [{ do: 'set-mtu', name: hostName, mtu } as const]),
  ];
}

/** The host's end is a port: it needs no address, and without one no router advertisement can configure it. */
export function portUp(hostName: string): LinkChange {
  return { do: 'set-up', name: hostName, noLinkLocal: true };
}
