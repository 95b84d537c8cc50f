import { Fault } from '../base/fault.ts';
import type { Devices } from '../devices/device.ts';
import { type Expanded, expand } from '../instances/instance.ts';
import type { Profile } from '../profiles/profile.ts';
import { violation } from '../projects/restrictions.ts';

/** What another server may bring without anybody saying so: nothing that a restricted project forbids for the host's sake. */
const harmless = {
  restricted: 'true',
  'restricted.containers.nesting': 'allow',
  'restricted.containers.interception': 'allow',
};

/** What the client itself says of an instance. */
export interface OwnWords {
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

/**
 * Fault `forbidden` for an instance, or a snapshot, whose configuration would give it access to this host, unless the client
 * itself has said what such a key or device is to be: what another server says is no reason to let it in. `profiles` are those
 * of this server that the other one has picked.
 */
export function checkHostAccess(kept: Expanded, profiles: readonly Profile[], given: OwnWords): void {
  const config = pick(kept.config, (key) => !Object.hasOwn(given.config, key));
  const broken = violation(harmless, expand({ config, devices: unsaidDevices(kept.devices, given) }, profiles));
  if (broken === undefined) return;
  const way = 'say what it is to be here, or pass --allow-host-access';
  throw new Fault('forbidden', `It brings ${broken.what}, which gives it access to this host: ${way}`);
}

/** Without those that the client has given a type of their own: nothing of what another server says of them counts. */
export function unsaidDevices(devices: Devices, given: OwnWords): Devices {
  return pick(devices, (name) => !Object.hasOwn(given.devices, name) || given.devices[name]?.['type'] === undefined);
}

function pick<Value>(of: Readonly<Record<string, Value>>, wanted: (name: string) => boolean): Record<string, Value> {
  return Object.fromEntries(Object.entries(of).filter(([name]) => wanted(name)));
}
