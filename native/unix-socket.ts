import { closeSync } from 'node:fs';
import { checked, libc, SystemError } from './libc.ts';
import { O_CLOEXEC } from './openat2.ts';

/** socket(2), unix(7). */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
/** asm-generic/socket.h; only old architectures that Node does not run on differ. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** `struct ucred`: pid, uid, gid. */
const ucredSize = 12;
const sunPathSize = 108;
const ENAMETOOLONG = 36;

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const void *address, unsigned int size)');
const listenCall = libc.func('int listen(int fd, int backlog)');
const getsockoptCall = libc.func(
  'int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ unsigned int *size)',
);

/** Who connected, as the kernel saw it at connect(2): ids of the reader's user namespace. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * A listening unix stream socket: its descriptor, close-on-exec, for a child to inherit. The caller closes it. `path` has
 * less than 108 bytes (`/proc/self/fd/N/name` helps) and must not exist: EADDRINUSE. Mode as the umask says.
 */
export function listenUnixSocket(path: string, backlog: number): number {
  const bytes = Buffer.from(path);
  if (bytes.length >= sunPathSize || bytes.includes(0)) throw new SystemError('bind', ENAMETOOLONG, path);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  const fd = checked('socket', Number(socketCall(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0)));
  try {
    checked('bind', Number(bindCall(fd, address, address.length)), path);
    checked('listen', Number(listenCall(fd, backlog)), path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** SO_PEERCRED of a connected unix socket, unix(7). */
export function peerCredentials(fd: number): PeerCredentials {
  const value = Buffer.alloc(ucredSize);
  const size = [ucredSize];
  checked('getsockopt', Number(getsockoptCall(fd, SOL_SOCKET, SO_PEERCRED, value, size)), 'SO_PEERCRED');
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}
