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

/** Whether a link is the host's end of some nic, of this server or of another on the same host. */
export function isNicLink(link: Link): boolean {
  return link.kind === 'veth' && /^yurt[0-9a-f]{11}$/.test(link.name);
}

/** Creates the pair: the host's end in the bridge and up, the inner end in the instance and down. */
export function nicChanges(hostName: string, bridge: string, nic: NicRequest, pid: number): LinkChange[] {
  return [
    { do: 'add-veth', name: hostName, master: bridge, inner: { pid, name: nic.name, hwaddr: nic.hwaddr } },
    // The host's end is a port: it needs no address, and without one no router advertisement can configure it.
    { do: 'set-up', name: hostName, noLinkLocal: true },
  ];
}
