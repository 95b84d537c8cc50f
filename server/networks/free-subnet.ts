import { randomInt } from 'node:crypto';
import { Fault } from '../base/fault.ts';
import type { Links } from '../host/links.ts';
import { overlaps, parseSubnet, type Subnet } from './subnet.ts';

/** A whole number in [0, below): `crypto.randomInt`, or a fixed sequence in tests. */
export type Random = (below: number) => number;

/** So many random subnets may collide before we say that there is none. */
const maxTries = 200;

/** A random private `10.x.y.1/24` that overlaps nothing in `taken`. Fault `exhausted`. */
export function freeIPv4(taken: readonly Subnet[], random: Random = randomInt): Subnet {
  return pick(taken, '10.0.0.0/8', () => `10.${random(256)}.${random(256)}.1/24`);
}

/** A random unique local `fd42:x:y:z::1/64` (RFC 4193) that overlaps nothing in `taken`. Fault `exhausted`. */
export function freeIPv6(taken: readonly Subnet[], random: Random = randomInt): Subnet {
  const group = () => random(0x10000).toString(16);
  return pick(taken, 'fd42::/16', () => `fd42:${group()}:${group()}:${group()}::1/64`);
}

/** Every subnet that an address or a route of this network namespace occupies now. */
export async function takenSubnets(links: Links): Promise<Subnet[]> {
  const [list, routes] = await Promise.all([links.list(), links.routes()]);
  return [...list.flatMap((link) => link.addresses), ...routes].map(parseSubnet).filter((subnet) => subnet.prefix > 0);
}

function pick(taken: readonly Subnet[], from: string, draw: () => string): Subnet {
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const subnet = parseSubnet(draw());
    if (!taken.some((other) => overlaps(subnet, other))) return subnet;
  }
  throw new Fault('exhausted', `No free subnet of ${from} was found: set the address of the network yourself`);
}
