import type { DeviceType } from '../device.ts';

export const none: DeviceType = {
  type: 'none',
  doc: 'Masks a device of the same name that a profile brings.',
  options: {},
  parts: () => [],
};
