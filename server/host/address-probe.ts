import { connect } from 'node:net';

/** Whether some machine on a local link has the IPv6 address. `signal` ends the wait early, with false. */
export type AddressProbe = (address: string, signal: AbortSignal) => Promise<boolean>;

/** tcp port 9, discard (RFC 863): hardly anything listens there, and what does throws away what it gets. */
const discardPort = 9;
/** Neighbour discovery gives up after three seconds (RFC 4861, 10: MAX_MULTICAST_SOLICIT × RETRANS_TIMER). */
const resolveTimeoutMs = 4000;

/**
 * Begins a TCP connection and waits for what the kernel says of it: "refused" comes from the machine that has the
 * address, "no route to host" when neighbour discovery found none. Silence means found, behind a firewall.
 * UDP would not do: without IPV6_RECVERR its sockets never hear of an unreachable host.
 */
export const probeAddress: AddressProbe = async (address, signal) => {
  if (signal.aborted) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: address, port: discardPort, family: 6 });
  socket.unref();
  const timer = setTimeout(() => resolve(true), resolveTimeoutMs);
  timer.unref();
  const onAbort = () => resolve(false);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('connect', () => resolve(true));
  socket.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
};
