import type { Log } from '../base/log.ts';
import type { Run } from './run.ts';

/**
 * Tells the service manager that started this process, if one did, how it is: sd_notify(3), by systemd's own program since
 * Node has no datagram sockets of the unix kind. `socket` is its address, `$NOTIFY_SOCKET`. Never throws.
 */
export async function tellServiceManager(
  run: Run,
  log: Log,
  socket: string | undefined,
  state: 'READY=1',
): Promise<void> {
  if (!socket) return;
  try {
    const { exitCode, stderr } = await run(['systemd-notify', state], { env: { NOTIFY_SOCKET: socket } });
    if (exitCode !== 0)
      log.error({ exitCode, stderr }, 'the service manager could not be told that the server is ready');
  } catch (error) {
    log.error({ err: error }, 'the service manager could not be told that the server is ready');
  }
}
