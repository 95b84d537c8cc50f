import type { ConfigKey__Output } from '../../../proto/gen/yurt/v1/ConfigKey.ts';
import type { DeviceType__Output } from '../../../proto/gen/yurt/v1/DeviceType.ts';
import { complete } from './complete.ts';

/** Some of the keys that a server serves. */
export const configKeys: readonly ConfigKey__Output[] = [
  ['boot.autostart', 'boolean', true, 'Whether it starts with the host.'],
  ['limits.cpu', 'number or set of processors', true, 'How many processors it may use, or which.'],
  ['limits.memory', 'bytes or percentage', true, 'How much memory it may use.'],
  ['limits.processes', 'integer', true, 'How many processes and threads it may have.'],
  ['security.nesting', 'boolean', false, 'Whether it may run containers itself.'],
  ['user.*', 'string', true, 'Anything; yurt stores it and does not read it.'],
  ['volatile.*', 'string', false, 'What yurt itself remembers of the instance.'],
].map(([key, type, live, doc]) =>
  complete<ConfigKey__Output>('ConfigKey', { ...{ key, type, live, doc }, defaultValue: '' }),
);

/** Some of the types of devices that it serves. */
export const deviceTypes: readonly DeviceType__Output[] = [
  {
    ...{ type: 'disk', doc: 'A directory of the host, or the root.' },
    options: [
      { name: 'path', required: true, defaultValue: '', doc: 'Where it is in the instance.' },
      { name: 'source', required: false, defaultValue: '', doc: 'The directory of the host.' },
      { name: 'pool', required: false, defaultValue: '', doc: 'The storage pool of a root.' },
      { name: 'readonly', required: false, defaultValue: 'false', doc: 'Whether nothing can be written to it.' },
    ],
  },
  {
    ...{ type: 'nic', doc: 'A network interface.' },
    options: [
      { name: 'network', required: true, defaultValue: '', doc: 'The network that it is in.' },
      { name: 'name', required: false, defaultValue: 'that of the device', doc: 'Its name in the instance.' },
    ],
  },
].map((type) => complete<DeviceType__Output>('DeviceType', type));
