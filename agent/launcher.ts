import { existsSync, readSync } from 'node:fs';
import type { SpawnRequest } from '../native/spawn.ts';
import type { StartRequest } from '../proto/agent/messages.ts';
import { commandEnvironment } from './environment.ts';
import type { PtyModule } from './terminal.ts';

/** What it takes to start commands in this instance. */
export interface Launcher {
  /** The static program beside the agent. */
  readonly path: string;
  /** Inherited descriptors of the instance's cgroup.procs files: 4, 5, …, the places where the launcher expects them. */
  readonly cgroupFds: readonly number[];
  /** Soft limit of open files that commands get, as the instance's init has it: Node raises its own. */
  readonly openFiles: number;
  /** Loaded when the first terminal is asked for. */
  readonly pty: () => PtyModule;
}

/** Whether there is a place for commands: root inside can remove their cgroup, whose files then cannot be read any more. */
export function canPlaceCommands({ cgroupFds }: Pick<Launcher, 'cgroupFds'>): boolean {
  try {
    for (const fd of cgroupFds) readSync(fd, Buffer.alloc(1), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** The call of agent/launcher/launcher.c for a command. */
export function launchArguments(
  launcher: Launcher,
  request: StartRequest,
  streams: readonly number[],
  report: number,
): SpawnRequest {
  const environment = commandEnvironment(request.environment, request.user, existsSync);
  const cwd = request.cwd === '' ? environment['HOME'] || '/' : request.cwd;
  return {
    path: launcher.path,
    argv: [
      launcher.path,
      'run',
      String(launcher.cgroupFds.length),
      String(launcher.openFiles),
      request.terminal === undefined ? '0' : '1',
      String(request.user),
      String(request.group),
      request.cwd === '' ? 'default' : 'exact',
      cwd,
      ...request.argv,
    ],
    environment,
    // Named one by one, because Node marks what it inherits as close-on-exec when it starts.
    fds: [...streams, report, ...launcher.cgroupFds],
  };
}
