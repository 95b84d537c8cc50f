import { parseByteSize } from '../../base/byte-size.ts';
import { parseBoolean } from '../../base/config-key.ts';
import type { MountSource, Propagation } from '../../host/instance-mounts.ts';
import type { Device, DeviceType } from '../device.ts';
import { absolutePath, anyName, boolean, byteSize, oneOf, pathInside } from '../option-checks.ts';

const tmpfs = 'tmpfs:';
/** What is for one kind of disk only: the root, or what is mounted beside it. */
const rootOptions = ['pool', 'size'];
const mountOptions = ['source', 'readonly', 'required', 'recursive', 'shift', 'propagation'];
/** In the words of mount(8). The kinds with `r` also take the mounts below the source along. */
const propagations = ['private', 'slave', 'shared', 'unbindable', 'rprivate', 'rslave', 'rshared', 'runbindable'];

export function isRootDisk(device: Device): boolean {
  return device['type'] === 'disk' && device['path'] === '/';
}

export const disk: DeviceType = {
  type: 'disk',
  doc: 'The root file system of the instance (path=/), in a storage pool; or a file, a directory or a file system in memory, mounted inside.',
  options: {
    path: {
      required: true,
      doc: 'Where it is mounted inside; `/` for the root. Missing directories are made.',
      check: (value) => (value === '/' ? undefined : pathInside(value)),
    },
    source: {
      required: false,
      doc: 'The file or directory of the host that is mounted; `tmpfs:` for a file system in memory.',
      check: (value) =>
        value === tmpfs || absolutePath(value) === undefined
          ? undefined
          : `an absolute path below / without empty, "." or ".." parts, or ${tmpfs}`,
    },
    pool: { required: false, doc: 'Root only: the storage pool that holds it.', check: anyName },
    size: { required: false, doc: 'Root and `tmpfs:` only: how much it may hold.', check: byteSize },
    readonly: {
      required: false,
      default: 'false',
      doc: 'Whether nobody inside can write to it.',
      check: boolean,
    },
    required: {
      required: false,
      default: 'true',
      doc: 'Whether the instance cannot start without the source. Otherwise it comes and goes with the source.',
      check: boolean,
    },
    recursive: {
      required: false,
      default: 'false',
      doc: 'Whether mounts below the source are there inside too.',
      check: boolean,
    },
    shift: {
      required: false,
      default: 'false',
      doc: 'Whether the ids of files are the same inside and on the disk (an idmapped mount). Otherwise files that belong to ids outside of the instance belong to nobody inside, and cannot be written by its root. Root inside then writes as root of the host does: let no other user of the host into that directory.',
      check: boolean,
    },
    propagation: {
      required: false,
      default: 'private',
      doc: 'Whether mounts that the host makes below the source later appear inside (`slave`, `shared`), and whether those made below it inside appear in further mount namespaces there (`shared`). Nothing mounted inside ever appears on the host. With `r` before it, also for the mounts below.',
      check: oneOf(...propagations),
    },
  },
  check: (device) => {
    const root = isRootDisk(device);
    if (root && device['pool'] === undefined) return 'option "pool" is missing: a root disk is in a storage pool';
    const strange = mountOptions.find((option) => root && device[option] !== undefined);
    if (strange !== undefined) return `${strange} is not for the root disk (path=/)`;
    if (root) return undefined;
    if (device['source'] === undefined) return 'option "source" is missing: what is mounted there';
    const inMemory = device['source'] === tmpfs;
    const alien = rootOptions.find((option) => device[option] !== undefined && !(inMemory && option === 'size'));
    if (alien !== undefined) return `${alien} is for the root disk (path=/) only`;
    const useless = ['shift', 'recursive', 'required'].find((option) => inMemory && device[option] !== undefined);
    return useless === undefined ? undefined : `${useless} means nothing for ${tmpfs}`;
  },
  parts: ({ device }) => {
    if (isRootDisk(device)) return []; // what all else is put into: the start of an instance mounts it
    const isSet = (option: string, unset = false) => parseBoolean(device[option] ?? '') ?? unset;
    const word = device['propagation'] ?? 'private';
    const recursive = isSet('recursive') || word.startsWith('r');
    return [
      {
        kind: 'mount',
        source: sourceOf(device),
        target: device['path'] ?? '',
        readOnly: isSet('readonly'),
        devices: false,
        recursive,
        propagation: word.replace(/^r/, '') as Propagation, // checked above
        shift: isSet('shift'),
        required: isSet('required', true),
      },
    ];
  },
};

function sourceOf(device: Device): MountSource {
  const source = device['source'] ?? '';
  if (source !== tmpfs) return { kind: 'path', path: source };
  return { kind: 'tmpfs', sizeBytes: parseByteSize(device['size'] ?? '') };
}
