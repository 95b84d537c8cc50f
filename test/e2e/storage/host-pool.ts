import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../../../native/file-lock.ts';
import { silentLog } from '../../../server/base/log.ts';
import { KernelMounts, type MappedBind, type Mounts } from '../../../server/host/mounts.ts';
import { run } from '../../../server/host/run.ts';
import type { UserNamespaces } from '../../../server/host/user-namespaces.ts';
import type { PoolUnderTest } from '../../../server/storage/conformance.ts';
import { OverlayDriver } from '../../../server/storage/overlay/overlay-driver.ts';
import { probeFileSystem } from '../../../server/storage/overlay/probe.ts';
import { HostPoolDirectory } from '../../../server/storage/pool-directory.ts';

/** What only reads, so that failing it would show nothing. */
const reads = new Set(['path', 'attributes', 'list', 'read', 'space', 'diskUsage', 'isMountPoint', 'below']);

/** A pool in a directory of this host. */
export function hostPool(source: string, namespaces: UserNamespaces): PoolUnderTest & { driver(): OverlayDriver } {
  const plain = new HostPoolDirectory(source, run);
  const plainMounts = new KernelMounts();
  /** What a server that died had attached: the kernel would have closed its descriptors. */
  const orphans = new Set<MappedBind>();
  const newDriver = (effect: (what: string) => void = () => {}) => {
    const pool = counted(plain, effect);
    const mounts = countedMounts(counted(plainMounts, effect), effect, orphans);
    const probe = () => probeFileSystem({ pool: plain, mounts: plainMounts, namespaces });
    return new OverlayDriver({ name: 'default', pool, mounts, namespaces, log: silentLog, lock: lockFile, probe });
  };
  return {
    driver: newDriver,
    newDriver: (effect) => {
      const driver = newDriver(effect);
      return { driver, settled: () => driver.settled() };
    },
    fill: fillWithBusybox,
    residue: async () => {
      const volumes = ['images', 'layers', 'instances', 'snapshots', 'staging', 'trash'];
      const lists = volumes.map(async (name) => {
        const found = await readdir(join(source, name)).catch((): string[] => []);
        return found.sort().map((each) => `${name}/${each}`);
      });
      const mounted = await plainMounts.below(source);
      return [
        ...(await Promise.all(lists)).flat(),
        ...mounted.map((point) => `mount ${point.slice(source.length + 1)}`),
      ];
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([...orphans].map((bind) => bind[Symbol.asyncDispose]()));
      for (const point of await plainMounts.below(source)) await (await plainMounts.unmount(point)).settled;
    },
  };
}

/** A root of a few files, with a shell in it. */
export async function fillWithBusybox(directory: string): Promise<void> {
  for (const name of ['bin', 'etc', 'tmp']) await mkdir(join(directory, name));
  await chmod(join(directory, 'tmp'), 0o1777);
  await copyFile('/bin/busybox', join(directory, 'bin/busybox'));
  await writeFile(join(directory, 'etc/hostname'), 'image\n');
}

/** The same object, with `effect` called before each method that changes something. */
function counted<T extends object>(target: T, effect: (what: string) => void): T {
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (typeof key !== 'string' || reads.has(key)) return value.bind(target);
      return async (...args: unknown[]) => {
        effect(key);
        return await value.apply(target, args);
      };
    },
  });
}

/** Detaching a layer is an effect as well. */
function countedMounts(mounts: Mounts, effect: (what: string) => void, orphans: Set<MappedBind>): Mounts {
  return {
    overlay: (request) => mounts.overlay(request),
    unmount: (directory) => mounts.unmount(directory),
    isMountPoint: (directory) => mounts.isMountPoint(directory),
    below: (directory) => mounts.below(directory),
    bindMapped: async (source, target, namespaceFd) => {
      const bind = await mounts.bindMapped(source, target, namespaceFd);
      orphans.add(bind);
      const detach = async () => {
        effect('detach');
        orphans.delete(bind);
        await bind[Symbol.asyncDispose]();
      };
      return { path: bind.path, [Symbol.asyncDispose]: detach };
    },
  };
}
