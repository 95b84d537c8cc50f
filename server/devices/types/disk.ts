import type { DeviceType } from '../device.ts';
import { anyName } from '../option-checks.ts';

export const disk: DeviceType = {
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
  parts: () => [], // the root is what the other parts are put into: the start of an instance mounts it
};
