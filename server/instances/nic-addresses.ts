import type { Devices } from '../devices/device.ts';
import { hwaddrKey, isHwaddrKey } from '../devices/types/nic.ts';
import type { Instance } from './instance.ts';

/** A MAC address for a nic; another one for each attempt. */
export type MakeHwaddr = (uuid: string, device: string, attempt: number) => string;

/** The MAC addresses that were made for nics of these instances. */
export function madeHwaddrs(instances: readonly Pick<Instance, 'config'>[]): Set<string> {
  return new Set(
    instances.flatMap(({ config }) =>
      Object.entries(config).flatMap(([key, value]) => (isHwaddrKey(key) ? [value] : [])),
    ),
  );
}

/**
 * The configuration with a MAC address for every nic that has none (`volatile.NIC.hwaddr`), unlike those in `taken`,
 * and without those of nics that are gone.
 */
export function withHwaddrs(
  { uuid, config }: Pick<Instance, 'uuid' | 'config'>,
  devices: Devices,
  taken: ReadonlySet<string>,
  make: MakeHwaddr,
): Record<string, string> {
  const nics = Object.entries(devices).filter(([, device]) => device['type'] === 'nic' && !device['hwaddr']);
  const wanted = new Set(nics.map(([name]) => hwaddrKey(name)));
  const result = Object.fromEntries(Object.entries(config).filter(([key]) => !isHwaddrKey(key) || wanted.has(key)));
  const used = new Set([...taken, ...madeHwaddrs([{ config: result }])]);
  for (const [name] of nics) {
    if (result[hwaddrKey(name)] !== undefined) continue;
    let attempt = 0;
    while (used.has(make(uuid, name, attempt))) attempt += 1;
    const hwaddr = make(uuid, name, attempt);
    used.add(hwaddr);
    result[hwaddrKey(name)] = hwaddr;
  }
  return result;
}
