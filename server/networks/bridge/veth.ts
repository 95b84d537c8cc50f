import { createHash } from 'node:crypto';
import type { Link, LinkChange } from '../../host/links.ts';
import type { NicRequest } from '../contract.ts';

/** The two ends' names while they are on the host. */
export interface VethNames {
  readonly hostName: string;
  readonly peerName: string;
}

/**
 * Names of a nic's veth pair: always the same for one nic of one instance of one server, so that a later server finds
 * the pair again; 48 bits of a hash, so that no other has them.
 */
export function vethNames(daemonId: string, instanceId: string, nic: string): VethNames {
  const hash = createHash('sha256').update(`${daemonId}\0${instanceId}\0${nic}`).digest('hex').slice(0, 12);
  return { hostName: `yh${hash}`, peerName: `yp${hash}` };
}

/** Whether a link is one end of some nic, of this server or of another on the same host. */
export function isNicLink(link: Link): boolean {
  return link.kind === 'veth' && /^y[hp][0-9a-f]{12}$/.test(link.name);
}

/** Creates the pair with the host's end in the bridge and up. */
export function attachChanges(names: VethNames, bridge: string, nic: NicRequest): LinkChange[] {
  const { hostName, peerName } = names;
  return [
    { do: 'add-veth', name: hostName, peer: peerName, peerHwaddr: nic.hwaddr, master: bridge },
    // The host's end is a port: it needs no address, and without one no router advertisement can configure it.
    { do: 'set-up', name: hostName, noLinkLocal: true },
  ];
}
