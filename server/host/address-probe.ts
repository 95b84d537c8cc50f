import { createSocket } from 'node:dgram';

/**
 * Whether some machine on a local link has the IPv6 address. `signal` ends the wait early, with false.
 */
export type AddressProbe = (address: string, signal: AbortSignal) => Promise<boolean>;

/** udp port 9, discard (RFC 863): what listens there throws away what it gets. */
const discardPort = 9;
/** Neighbour discovery gives up after three seconds (RFC 4861, 10: MAX_MULTICAST_SOLICIT × RETRANS_TIMER). */
const resolveTimeoutMs = 4000;

/**
 * Sends one empty datagram and waits for what the kernel says of it: "connection refused" comes from the machine that
 * has the address, "no route to host" when neighbour discovery found none. Silence means found, with a firewall.
 */
export const probeAddress: AddressProbe = async (address, signal) => {
  if (signal.aborted) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createSocket('udp6');
  const timer = setTimeout(() => resolve(true), resolveTimeoutMs);
  timer.unref();
  const onAbort = () => resolve(false);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  socket.once('connect', () => socket.send('', () => {}));
  socket.connect(discardPort, address);
  socket.unref();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.on('error', () => {});
    socket.close();
  }
};
