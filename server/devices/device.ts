import type { IdMap } from '../base/id-map.ts';
import type { DevicePart } from './parts.ts';

/** A device as configured: `type` and the options of that type. */
export type Device = Readonly<Record<string, string>>;
export type Devices = Readonly<Record<string, Device>>;

export interface DeviceOption {
  readonly required: boolean;
  /** What holds when it is not set; empty when nothing does. */
  readonly default?: string;
  readonly doc: string;
  /** Undefined for a good value, otherwise what is allowed. */
  readonly check: (value: string) => string | undefined;
}

/** What a device needs to know of the instance that has it. */
export interface DeviceOwner {
  readonly uuid: string;
  readonly name: string;
  readonly project: string;
  readonly idMap: IdMap;
  readonly config: Readonly<Record<string, string>>;
}

export interface DeviceContext {
  readonly owner: DeviceOwner;
  /** The device's name among those of the instance. */
  readonly name: string;
  readonly device: Device;
  /** All devices of the instance. */
  readonly devices: Devices;
  /** A MAC address that follows from instance and device, for nics that have none of their own. */
  readonly hwaddr: (uuid: string, device: string) => string;
}

/** One type of device: from it follow validation, documentation and completion, and what a device is made of. */
export interface DeviceType {
  readonly type: string;
  readonly doc: string;
  readonly options: Readonly<Record<string, DeviceOption>>;
  /** Options that the field has, and why there are none here. */
  readonly absent?: Readonly<Record<string, string>>;
  /** Refuses options that are good alone and wrong together. Returns what is wrong, as the end of `Device "x": …`. */
  readonly check?: (device: Device) => string | undefined;
  /** What the device is made of, in the order in which it is made. Pure; the device was checked. */
  readonly parts: (context: DeviceContext) => readonly DevicePart[];
}
