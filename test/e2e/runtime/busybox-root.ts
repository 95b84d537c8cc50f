import { chownSync, copyFileSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IdMap } from '../../../server/base/id-map.ts';

/** The smallest system: busybox as init, a shell on the console. Files belong to the first id of the map. */
export function makeBusyboxRoot(directory: string, idMap: IdMap, inittab = defaultInittab): void {
  const made: string[] = [directory];
  const path = (name: string) => {
    made.push(join(directory, name));
    return join(directory, name);
  };
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  for (const name of ['bin', 'sbin', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'root']) mkdirSync(path(name));
  copyFileSync('/bin/busybox', path('bin/busybox'));
  for (const name of applets) symlinkSync('busybox', path(`bin/${name}`));
  symlinkSync('../bin/busybox', path('sbin/init'));
  writeFileSync(path('etc/inittab'), inittab);
  writeFileSync(path('etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  for (const name of made) lchownSync(name, idMap.hostBase, idMap.hostBase);
  chownSync(directory, idMap.hostBase, idMap.hostBase);
}

const defaultInittab = '::sysinit:/bin/echo system is up\nconsole::respawn:-/bin/sh\n';
const applets =
  'sh ls cat echo id mount ps poweroff reboot stty sleep kill umount hostname mkdir env true grep mknod dd insmod rmmod unshare md5sum wc tr'.split(
    ' ',
  );
