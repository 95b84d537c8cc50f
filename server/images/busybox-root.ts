import { chmod, copyFile, lstat, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import { type Run, runChecked } from '../host/run.ts';

/** Directories of the new root and their modes. */
const directories: Readonly<Record<string, number>> = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  lib: 0o755,
  mnt: 0o755,
  opt: 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  sbin: 0o755,
  srv: 0o755,
  sys: 0o555,
  tmp: 0o1777,
  usr: 0o755,
  'usr/bin': 0o755,
  'usr/lib': 0o755,
  'usr/sbin': 0o755,
  'usr/share': 0o755,
  var: 0o755,
  'var/cache': 0o755,
  'var/lib': 0o755,
  'var/log': 0o755,
  'var/spool': 0o755,
  'var/tmp': 0o1777,
};

const candidates = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static', '/usr/lib/initcpio/busybox'];
const appletPath = /^(?:usr\/)?s?bin\/[a-z0-9[][a-z0-9[_.-]*$|^linuxrc$/i;

/**
 * Makes a root of the host's static busybox: the program in `/bin` and a link for each applet. Returns the time that
 * the image gets as its date, in seconds since 1970: that of busybox itself, so that the same busybox and recipe make
 * the same image. Fault: `unsupported` when the host has no static busybox.
 */
export async function makeBusyboxRoot(task: Task, run: Run, root: string): Promise<number> {
  task.report({ stage: 'Copying busybox' });
  const busybox = await findBusybox(run, task.signal);
  await mkdir(root, { recursive: true });
  for (const [path, mode] of Object.entries(directories)) {
    await mkdir(join(root, path));
    await chmod(join(root, path), mode);
  }
  await chmod(root, 0o755);
  await copyFile(busybox.path, join(root, 'bin/busybox'));
  await chmod(join(root, 'bin/busybox'), 0o755);
  await symlink('../run', join(root, 'var/run'));
  for (const applet of busybox.applets) {
    if (applet === 'bin/busybox' || applet === 'linuxrc') continue;
    const up = dirname(applet).replaceAll(/[^/]+/g, '..');
    await symlink(applet.startsWith('bin/') ? 'busybox' : `${up}/bin/busybox`, join(root, applet));
  }
  return busybox.mtime;
}

async function findBusybox(run: Run, signal: AbortSignal): Promise<{ path: string; applets: string[]; mtime: number }> {
  for (const path of candidates) {
    const status = await lstat(path).catch(() => undefined);
    if (!status?.isFile()) continue;
    // A program that needs a loader cannot be the only file of a root: ld.so says whether it would load it.
    const { stdout } = await runChecked(run, [path, '--list-full'], { signal });
    const applets = stdout.split('\n').filter((line) => appletPath.test(line));
    if (!applets.includes('sbin/init') || !applets.includes('bin/sh')) continue;
    const loaded = await run(['ldd', path], { signal });
    if (loaded.exitCode === 0) continue;
    return { path, applets, mtime: Math.floor(status.mtimeMs / 1000) };
  }
  throw new Fault('unsupported', 'This host has no static busybox: install the package "busybox-static"');
}
