import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Every directory of a server. All are private to root. */
export interface Directories {
  /** The store, and the lock beside it. */
  readonly state: string;
  readonly images: string;
  /** The default pool. */
  readonly storage: string;
  /** Agents' programs, as instances see them. */
  readonly agents: string;
  /** Device nodes that instances share. */
  readonly devices: string;
  /** Sockets, bundles, mounts: worth nothing after a boot of the host. */
  readonly run: string;
  readonly log: string;
  /** DHCP leases and configuration of networks. */
  readonly networks: string;
  readonly socket: string;
}

/** With `YURT_DIR` everything is below it, so that any number of servers run side by side; else the system's places. */
export function directoriesFrom(yurtDir: string | undefined): Directories {
  const system = yurtDir === undefined || yurtDir === '';
  const lib = system ? '/var/lib/yurt' : yurtDir;
  const run = system ? '/run/yurt' : join(yurtDir, 'run');
  return {
    state: join(lib, 'state'),
    images: join(lib, 'images'),
    storage: join(lib, 'storage'),
    agents: join(lib, 'agents'),
    devices: join(lib, 'devices'),
    networks: join(lib, 'networks'),
    run,
    log: system ? '/var/log/yurt' : join(yurtDir, 'log'),
    socket: system ? join(run, 'unix.socket') : join(yurtDir, 'unix.socket'),
  };
}

/**
 * Makes them, but for that of networks, which the driver opens to its name server. Those that instances' ids must be able to
 * pass through to what is theirs come first, and with them what is above: nobody may list it. The rest is root's alone.
 */
export function makeDirectories(directories: Directories): void {
  const { state, images, storage, agents, run, log } = directories;
  for (const directory of [storage, agents, run]) mkdirSync(directory, { recursive: true, mode: 0o711 });
  for (const directory of [state, images, log]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700); // one that was restored, or made by hand
  }
}
