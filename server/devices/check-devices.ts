import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import type { Device, DeviceOption, Devices, DeviceType } from './device.ts';
import { deviceTypes, findDeviceType } from './device-types.ts';

const maxDevices = 100;
/** Longest path that the kernel knows; nothing that an option says is longer. */
const maxValueBytes = 4095;

/** Refuses unknown types and options and wrong values, each device for itself. Fault `invalid`. */
export function checkDevices(devices: Devices): void {
  const names = Object.keys(devices);
  if (names.length > maxDevices) throw new Fault('invalid', `More than ${maxDevices} devices`);
  for (const [name, device] of Object.entries(devices)) {
    if (!/^[-/:_A-Za-z0-9][-/.:_A-Za-z0-9]{0,62}$/.test(name))
      throw new Fault(
        'invalid',
        `Invalid device name "${name.slice(0, 80)}": it is 1 to 63 of the characters A-Z, a-z, 0-9 and -_/.: and begins with another than a dot`,
      );
    checkDevice(name, device);
  }
}

function checkDevice(name: string, device: Device): void {
  const known = findDeviceType(device['type']);
  if (known === undefined) {
    const types = deviceTypes.map(({ type }) => type).join(', ');
    throw refused(name, `type "${(device['type'] ?? '').slice(0, 80)}" is not one of ${types}`);
  }
  for (const [option, value] of Object.entries(device)) {
    if (option !== 'type') checkOption(name, known, option, value);
  }
  for (const [option, rule] of Object.entries(known.options)) {
    if (rule.required && device[option] === undefined) throw refused(name, `option "${option}" is missing`);
  }
  const wrong = known.check?.(device);
  if (wrong !== undefined) throw refused(name, wrong);
}

function checkOption(name: string, known: DeviceType, option: string, value: string): void {
  const rule: DeviceOption | undefined = Object.hasOwn(known.options, option) ? known.options[option] : undefined;
  if (rule === undefined) {
    const why = Object.entries(known.absent ?? {}).find(([one]) => one === option)?.[1];
    if (why !== undefined) throw refused(name, `${known.type} has no option "${option}": ${why}`);
    const near = suggestion(option, Object.keys(known.options));
    throw refused(name, `${known.type} has no option "${option.slice(0, 80)}"${near}`);
  }
  const tooLong = Buffer.byteLength(value) > maxValueBytes || /[\0-\x1f\x7f]/.test(value);
  const allowed = tooLong ? `one line of at most ${maxValueBytes} bytes` : rule.check(value);
  if (allowed !== undefined)
    throw refused(name, `invalid value "${value.slice(0, 80)}" for ${option}: must be ${allowed}`);
}

function refused(name: string, what: string): Fault {
  return new Fault('invalid', `Device "${name}": ${what}`);
}
