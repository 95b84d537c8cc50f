import { parseBoolean } from '../../base/config-key.ts';
import type { Device, DeviceType } from '../device.ts';
import { absolutePath, boolean, fileMode, pathInside, wholeNumber } from '../option-checks.ts';
import type { NodePart } from '../parts.ts';

/** Numbers of device nodes have 12 and 20 bits (linux/kdev_t.h). */
const maxMajor = 4095;
const maxMinor = 1_048_575;
const maxId = 4_294_967_294;
export const defaultNodeMode = 0o660;

export const unixChar: DeviceType = unixType('unix-char', 'char', 'c', 'A character device of the host.');
export const unixBlock: DeviceType = unixType('unix-block', 'block', 'b', 'A block device of the host.');

function unixType(type: string, word: string, nodeType: NodePart['nodeType'], doc: string): DeviceType {
  return {
    type,
    doc: `${doc} Given by \`source\` or \`path\`, or by its numbers.`,
    options: {
      source: {
        required: false,
        doc: `The ${word} device on the host; the same as \`path\` when unset.`,
        check: absolutePath,
      },
      path: { required: false, doc: 'Its path inside; the same as `source` when unset.', check: pathInside },
      major: {
        required: false,
        doc: 'Its major number; that of the source when unset.',
        check: wholeNumber(0, maxMajor),
      },
      minor: {
        required: false,
        doc: 'Its minor number; that of the source when unset.',
        check: wholeNumber(0, maxMinor),
      },
      uid: { required: false, default: '0', doc: 'Its owner inside.', check: wholeNumber(0, maxId) },
      gid: { required: false, default: '0', doc: 'Its group inside.', check: wholeNumber(0, maxId) },
      mode: { required: false, default: '0660', doc: 'Its permissions inside, octal.', check: fileMode },
      required: {
        required: false,
        default: 'true',
        doc: 'Whether the instance cannot start without it. Otherwise it comes and goes with that of the host.',
        check: boolean,
      },
    },
    check: wrongTogether,
    parts: ({ device }) => [nodeOf(device, nodeType)],
  };
}

function wrongTogether(device: Device): string | undefined {
  const inside = device['path'] ?? device['source'];
  if (inside === undefined) return 'one of the options "source" and "path" is missing';
  const wrong = pathInside(inside);
  if (wrong !== undefined) return `invalid path inside "${inside.slice(0, 80)}": must be ${wrong}`;
  const both = (device['major'] === undefined) === (device['minor'] === undefined);
  return both ? undefined : 'major and minor are given together or not at all';
}

function nodeOf(device: Device, nodeType: NodePart['nodeType']): NodePart {
  const { major, minor } = { major: device['major'], minor: device['minor'] };
  const path = device['source'] ?? device['path'] ?? '';
  return {
    kind: 'node',
    nodeType,
    target: device['path'] ?? path,
    from: major === undefined || minor === undefined ? { path } : { major: Number(major), minor: Number(minor) },
    uid: Number(device['uid'] ?? 0),
    gid: Number(device['gid'] ?? 0),
    mode: device['mode'] === undefined ? defaultNodeMode : Number.parseInt(device['mode'], 8),
    required: parseBoolean(device['required'] ?? '') ?? true,
  };
}
