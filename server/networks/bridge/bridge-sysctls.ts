import type { Sysctls } from '../../host/sysctls.ts';
import type { BridgeConfig } from '../network.ts';

/**
 * The kernel settings of a bridge, see the kernel's Documentation/networking/ip-sysctl.rst, and forwarding for the whole
 * network namespace, which `down` leaves on because others may rely on it by then. Writes only what differs.
 */
export async function setBridgeSysctls(sysctls: Sysctls, bridge: string, config: BridgeConfig): Promise<void> {
  const own = `ipv6/conf/${bridge}`;
  if (config.ipv6 !== undefined) {
    await sysctls.write(`${own}/disable_ipv6`, '0');
    // A guest must not configure its host.
    await sysctls.write(`${own}/accept_ra`, '0');
    await sysctls.write(`${own}/autoconf`, '0');
    // Without duplicate detection the bridge answers routers' solicitations the moment that a first guest is there.
    await sysctls.write(`${own}/accept_dad`, '0');
    await sysctls.write(`${own}/dad_transmits`, '0');
    await forwardIPv6(sysctls);
  } else if ((await sysctls.read(`${own}/disable_ipv6`)) !== undefined) {
    await sysctls.write(`${own}/disable_ipv6`, '1');
  }
  if (config.ipv4 !== undefined) await sysctls.write('ipv4/ip_forward', '1');
}

/**
 * A host that forwards no longer listens to router advertisements where `accept_ra` is 1, and would lose its own
 * default route: 2 means "also when forwarding".
 */
async function forwardIPv6(sysctls: Sysctls): Promise<void> {
  if ((await sysctls.read('ipv6/conf/all/forwarding')) === '1') return;
  for (const link of await sysctls.names('ipv6/conf')) {
    const path = `ipv6/conf/${link}/accept_ra`;
    if (link !== 'all' && (await sysctls.read(path)) === '1') await sysctls.write(path, '2');
  }
  await sysctls.write('ipv6/conf/all/forwarding', '1');
}
