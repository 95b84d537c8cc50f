import { parseBoolean } from '../../base/config-key.ts';
import { parseAddress } from '../../networks/subnet.ts';
import type { Device, Devices, DeviceType } from '../device.ts';
import { boolean, fileMode, type OptionCheck, oneOf, wholeNumber } from '../option-checks.ts';
import type { DevicePart } from '../parts.ts';
import { endpointsOf, type ProxyAddress, parseProxyAddress } from '../proxy-address.ts';

const maxId = 4_294_967_294;
const socketOptions = ['uid', 'gid', 'mode'];

const address: OptionCheck = (value) => {
  const parsed = parseProxyAddress(value);
  return typeof parsed === 'string' ? parsed : undefined;
};

export const proxy: DeviceType = {
  type: 'proxy',
  doc: 'Passes on connections or packets that arrive at an address of the host to one of the instance, or the other way round.',
  options: {
    listen: {
      required: true,
      doc: 'Where to listen: `tcp:ADDRESS:PORTS`, `udp:ADDRESS:PORTS`, `unix:PATH` or `unix:@NAME`. Ports may be ranges and lists.',
      check: address,
    },
    connect: {
      required: true,
      doc: 'Where to connect, in the same way: as many ports as there are to listen on, or one.',
      check: address,
    },
    bind: {
      required: false,
      default: 'host',
      doc: 'Which side `listen` is on; `connect` is on the other.',
      check: oneOf('host', 'instance'),
    },
    proxy_protocol: {
      required: false,
      default: 'false',
      doc: 'Whether each connection begins with a line that says who it comes from (PROXY protocol, version 1).',
      check: boolean,
    },
    nat: {
      required: false,
      default: 'false',
      doc: 'Whether the firewall rewrites addresses instead: no process, and the instance sees who connects. For `bind=host` and IPv4; `connect` has the address of a nic of the instance, or 0.0.0.0 for that of its first.',
      check: boolean,
    },
    uid: { required: false, default: '0', doc: 'Owner of the unix socket.', check: wholeNumber(0, maxId) },
    gid: { required: false, default: '0', doc: 'Group of the unix socket.', check: wholeNumber(0, maxId) },
    mode: { required: false, default: '0644', doc: 'Permissions of the unix socket, octal.', check: fileMode },
    'security.uid': {
      required: false,
      default: '0',
      doc: 'The user that connects, on the side of `connect`.',
      check: wholeNumber(0, maxId),
    },
    'security.gid': {
      required: false,
      default: '0',
      doc: 'The group that connects, on the side of `connect`.',
      check: wholeNumber(0, maxId),
    },
  },
  check: (device) => {
    const { listen, connect } = addressesOf(device);
    if ((listen.type === 'udp') !== (connect.type === 'udp')) {
      return `listen is ${listen.type} and connect is ${connect.type}: packets cannot become a stream`;
    }
    const [from, to] = [endpointsOf(listen).length, endpointsOf(connect).length];
    if (to !== 1 && to !== from) return `listen has ${from} ports and connect ${to}: it must be as many, or one`;
    if (isSet(device, 'proxy_protocol') && listen.type === 'udp')
      return 'proxy_protocol is for connections, not for udp';
    const alien = socketOptions.find((option) => device[option] !== undefined);
    if (alien !== undefined && !(listen.type === 'unix' && listen.path.startsWith('/'))) {
      return `${alien} is for listen=unix:PATH only`;
    }
    return isSet(device, 'nat') ? wrongForNat(device, listen, connect) : undefined;
  },
  parts: ({ device, devices }) => [isSet(device, 'nat') ? natPart(device, devices) : relayPart(device)],
};

function isSet(device: Device, option: string): boolean {
  return parseBoolean(device[option] ?? '') ?? false;
}

/** Both were checked, each for itself. */
function addressesOf(device: Device): { listen: ProxyAddress; connect: ProxyAddress } {
  const of = (option: string) => {
    const parsed = parseProxyAddress(device[option] ?? '');
    if (typeof parsed === 'string') throw new TypeError(`${option} was not checked`);
    return parsed;
  };
  return { listen: of('listen'), connect: of('connect') };
}

function wrongForNat(device: Device, listen: ProxyAddress, connect: ProxyAddress): string | undefined {
  if (listen.type === 'unix' || connect.type === 'unix' || listen.type !== connect.type)
    return 'nat is from tcp to tcp, or from udp to udp';
  if ([listen, connect].some(({ address: one }) => parseAddress(one)?.family !== 4))
    return 'nat is for IPv4: no IPv6 address is kept for an instance';
  if (listen.address.startsWith('127.'))
    return 'nat is not for 127.0.0.0/8: packets of the host to itself are not routed';
  if ((device['bind'] ?? 'host') !== 'host') return 'nat is for bind=host';
  const useless = ['proxy_protocol', 'security.uid', 'security.gid'].find((option) => device[option] !== undefined);
  return useless === undefined ? undefined : `${useless} means nothing with nat: no process connects`;
}

function relayPart(device: Device): DevicePart {
  const { listen, connect } = addressesOf(device);
  const to = endpointsOf(connect);
  const [only] = to;
  return {
    kind: 'relay',
    bind: device['bind'] === 'instance' ? 'instance' : 'host',
    pairs: endpointsOf(listen).map((from, index) => ({ listen: from, connect: to[index] ?? only ?? from })),
    proxyProtocol: isSet(device, 'proxy_protocol'),
    user: { uid: Number(device['security.uid'] ?? 0), gid: Number(device['security.gid'] ?? 0) },
    socket: {
      uid: Number(device['uid'] ?? 0),
      gid: Number(device['gid'] ?? 0),
      mode: Number.parseInt(device['mode'] ?? '0644', 8),
    },
  };
}

function natPart(device: Device, devices: Devices): DevicePart {
  const { listen, connect } = addressesOf(device);
  if (listen.type === 'unix' || connect.type === 'unix') throw new TypeError('nat was not checked');
  const nics = Object.entries(devices)
    .filter(([, other]) => other['type'] === 'nic')
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, other]) => ({
      ...{ network: other['network'] ?? '', name: other['name'] ?? name },
      ...(other['ipv4.address'] === undefined ? {} : { ipv4: other['ipv4.address'] }),
    }));
  const [only = 0] = connect.ports;
  return {
    kind: 'nat',
    protocol: listen.type,
    listen: listen.address,
    connect: connect.address,
    ports: listen.ports.map((from, index) => ({ from, to: connect.ports[index] ?? only })),
    nics,
  };
}
