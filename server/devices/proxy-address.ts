import type { Endpoint } from '../host/relays.ts';
import { parseAddress } from '../networks/subnet.ts';

/** An address of a proxy as it is written: one socket, or one address with several ports. */
export type ProxyAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp' | 'udp'; readonly address: string; readonly ports: readonly number[] };

/** Each is a socket of one process. */
export const maxProxyPorts = 1000;
/** sun_path of unix(7), with the zero at its end. */
const maxSocketPathBytes = 107;

/** `tcp:1.2.3.4:80`, `udp:[::1]:53,60-69`, `unix:/run/x`, `unix:@name`; otherwise what is wrong with it. */
export function parseProxyAddress(text: string): ProxyAddress | string {
  const [, type = '', rest = ''] = /^([a-z]+):(.*)$/.exec(text) ?? [];
  if (type === 'unix') return parseUnix(rest);
  if (type !== 'tcp' && type !== 'udp') return 'tcp:ADDRESS:PORTS, udp:ADDRESS:PORTS, unix:PATH or unix:@NAME';
  const [, six, four, ports = ''] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(rest) ?? [];
  const address = six ?? four ?? '';
  if (parseAddress(address)?.family !== (six === undefined ? 4 : 6)) {
    return `${type}:ADDRESS:PORTS with an IP address, IPv6 in brackets (no names)`;
  }
  const numbers = parsePorts(ports);
  return numbers === undefined
    ? `${type}:ADDRESS:PORTS with ports from 1 to 65535 like 80, 80-89 or 80,443, at most ${maxProxyPorts}`
    : { type, address, ports: numbers };
}

/** One endpoint for each port. */
export function endpointsOf(address: ProxyAddress): Endpoint[] {
  if (address.type === 'unix') return [{ type: 'unix', address: address.path, port: 0 }];
  return address.ports.map((port) => ({ type: address.type, address: address.address, port }));
}

function parseUnix(path: string): ProxyAddress | string {
  const clean = path.startsWith('@')
    ? /^@[^\0/]+$/.test(path)
    : path.startsWith('/') &&
      !path
        .split('/')
        .slice(1)
        .some((name) => ['', '.', '..'].includes(name));
  const fits = Buffer.byteLength(path) <= maxSocketPathBytes;
  if (clean && fits) return { type: 'unix', path };
  return `unix:PATH with an absolute path, or unix:@NAME, of at most ${maxSocketPathBytes} bytes`;
}

function parsePorts(text: string): number[] | undefined {
  const ports: number[] = [];
  for (const range of text.split(',')) {
    const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === '' || from < 1 || to > 65_535 || from > to || to - from >= maxProxyPorts) return undefined;
    for (let port = from; port <= to; port += 1) ports.push(port);
    if (ports.length > maxProxyPorts) return undefined;
  }
  return new Set(ports).size === ports.length ? ports : undefined;
}
