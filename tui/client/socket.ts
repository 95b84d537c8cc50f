import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Dialer } from './dialer.ts';

const systemSocket = '/run/yurt/unix.socket';

/** Where the server listens: `YURT_SOCKET`, else `$YURT_DIR/unix.socket`, else the system's. */
export function socketPath(env: Readonly<Record<string, string | undefined>>): string {
  if (env['YURT_SOCKET']) return env['YURT_SOCKET'];
  if (env['YURT_DIR']) return `${env['YURT_DIR']}/unix.socket`;
  return systemSocket;
}

/** The way to the server that listens at a path. */
export function socketDialer(path: string): Dialer {
  return { dial: () => connect(path), readyEvent: 'connect', whyUnreachable: () => whyUnreachable(path) };
}

const unit = '/etc/systemd/system/yurtd.service';

function howToStart(path: string): string {
  if (path === systemSocket && existsSync(unit)) return 'Start it with "systemctl start yurtd"';
  return 'Start it with "npm start" in yurt\'s directory, or run "yurtd" as root';
}

/** Why nobody answers at `path`, as advice for the user; undefined when somebody does. */
export async function whyUnreachable(path: string): Promise<string | undefined> {
  const errno = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  if (errno === undefined) return undefined;
  const action = `Cannot reach yurtd at ${path}`;
  if (errno === 'ENOENT' || errno === 'ECONNREFUSED') {
    return `${action}: it is not running. ${howToStart(path)}`;
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    return `${action}: permission denied. Use sudo, or have an administrator add you to the group "yurt"`;
  }
  if (errno === 'ENOTSOCK' || errno === 'ENOTDIR') return `${action}: this is not a socket`;
  return `${action}: ${errno}`;
}
