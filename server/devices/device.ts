import { Fault } from '../base/fault.ts';

/** A device as configured: `type` and the options of that type. */
export type Device = Readonly<Record<string, string>>;
export type Devices = Readonly<Record<string, Device>>;

export interface DeviceOption {
  readonly required: boolean;
  readonly doc: string;
  /** Undefined for a good value, otherwise what is allowed. */
  readonly check: (value: string) => string | undefined;
}

export interface DeviceType {
  readonly type: string;
  readonly doc: string;
  readonly options: Readonly<Record<string, DeviceOption>>;
}

const anyName = (value: string) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value) ? undefined : 'a name');

/** Every device type with its options. */
export const deviceTypes: readonly DeviceType[] = [
  { type: 'none', doc: 'Masks a device of the same name that a profile brings.', options: {} },
  {
    type: 'disk',
    doc: 'The root file system of the instance (path=/), in a storage pool.',
    options: {
      path: {
        required: true,
        doc: 'Where it is mounted inside.',
        check: (value) => (value === '/' ? undefined : '"/"'),
      },
      pool: { required: true, doc: 'The storage pool that holds it.', check: anyName },
    },
  },
  {
    type: 'nic',
    doc: 'A network interface on a managed network.',
    options: {
      network: { required: true, doc: 'The network that it is connected to.', check: anyName },
      name: {
        required: false,
        doc: 'The name of the interface inside; the name of the device when unset.',
        check: (value) => (isInterfaceName(value) ? undefined : 'an interface name of at most 15 characters'),
      },
      hwaddr: {
        required: false,
        doc: 'The MAC address; a stable one is made when unset.',
        check: (value) =>
          /^([0-9a-f][26ae]|[0-9a-f][048c])(:[0-9a-f]{2}){5}$/i.test(value) ? undefined : 'a unicast MAC address',
      },
    },
  },
];

const maxDevices = 100;

/** Refuses unknown types and options and wrong values. Fault `invalid`. */
export function checkDevices(devices: Devices): void {
  const names = Object.keys(devices);
  if (names.length > maxDevices) throw new Fault('invalid', `More than ${maxDevices} devices`);
  for (const [name, device] of Object.entries(devices)) {
    if (!/^[-/:_A-Za-z0-9][-/.:_A-Za-z0-9]{0,62}$/.test(name))
      throw new Fault('invalid', `Invalid device name "${name}"`);
    checkDevice(name, device);
  }
}

function checkDevice(name: string, device: Device): void {
  const known = deviceTypes.find(({ type }) => type === device['type']);
  if (known === undefined) {
    const types = deviceTypes.map(({ type }) => type).join(', ');
    throw new Fault('invalid', `Device "${name}": type "${device['type'] ?? ''}" is not one of ${types}`);
  }
  for (const [option, value] of Object.entries(device)) {
    if (option === 'type') continue;
    const rule = known.options[option];
    if (rule === undefined) throw new Fault('invalid', `Device "${name}": ${known.type} has no option "${option}"`);
    const allowed = rule.check(value);
    if (allowed !== undefined) {
      throw new Fault(
        'invalid',
        `Device "${name}": invalid value "${value.slice(0, 80)}" for ${option}: must be ${allowed}`,
      );
    }
  }
  for (const [option, rule] of Object.entries(known.options)) {
    if (rule.required && device[option] === undefined) {
      throw new Fault('invalid', `Device "${name}": option "${option}" is missing`);
    }
  }
}

/** Names that Linux accepts for a link (net/core/dev.c: dev_valid_name). */
export function isInterfaceName(name: string): boolean {
  return /^[A-Za-z0-9_.-]{1,15}$/.test(name) && name !== '.' && name !== '..';
}
