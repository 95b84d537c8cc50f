import { withoutEmpty } from '../base/config-key.ts';
import type { Devices } from '../devices/device.ts';

interface Content {
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

/** What is stored of a request: an empty value, of a key or of a device's option, means the same as none. */
export function storedContent<Requested extends Content>(request: Requested): Requested {
  const devices = Object.entries(request.devices).map(([name, device]) => [name, withoutEmpty(device)]);
  return { ...request, config: withoutEmpty(request.config), devices: Object.fromEntries(devices) };
}
