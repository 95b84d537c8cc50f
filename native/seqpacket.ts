import { closeSync } from 'node:fs';
import { checked, libc, SystemError } from './libc.ts';
import { O_CLOEXEC, O_NONBLOCK } from './openat2.ts';

/** socket(2), unix(7), send(2), shutdown(2). */
const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const MSG_NOSIGNAL = 0x4000;
const SHUT_RD = 0;
const sunPathSize = 108;

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const connectCall = libc.func('int connect(int fd, const void *address, unsigned int size)');
const sendCall = libc.func('long send(int fd, const void *data, size_t size, int flags)');
const shutdownCall = libc.func('int shutdown(int fd, int how)');

/**
 * Connects to a unix socket of packets, for sending only: the reading side is shut, so that the peer's sends fail at
 * once instead of filling a queue that nobody empties. Non-blocking. Throws ECONNREFUSED, ENOENT, EAGAIN.
 */
export function connectForSending(path: string): number {
  const bytes = Buffer.from(path);
  if (bytes.length >= sunPathSize) throw new SystemError('connect', 36, path);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  const fd = checked('socket', Number(socketCall(AF_UNIX, SOCK_SEQPACKET | O_NONBLOCK | O_CLOEXEC, 0)));
  try {
    checked('connect', Number(connectCall(fd, address, address.length)), path);
    checked('shutdown', Number(shutdownCall(fd, SHUT_RD)), path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Sends one packet, whole or not at all. Throws EAGAIN when the peer's queue is full, EPIPE when it is gone. */
export function sendPacket(fd: number, data: Uint8Array): void {
  checked('send', Number(sendCall(fd, data, data.length, MSG_NOSIGNAL)));
}
