import { Fault } from '../../base/fault.ts';
import type { Attributes, Place } from '../pool-directory.ts';

/**
 * What lies where in a pool of this driver; docs/decisions/storage-layout.md says why.
 *
 *     pool.json                     which driver made this directory, and in which version
 *     lock                          held by the server that uses the pool
 *     images/<fingerprint>/rootfs   an unpacked image, ids as the image has them
 *     layers/<uuid>/diff            what was written on top of an image: the upper of an overlay while it is the last
 *     layers/<uuid>/work            layer of an instance, with the work directory that belongs to it
 *     instances/<uuid>/volume.json  the layers that make up the root
 *     instances/<uuid>/root         where the root is mounted
 *     instances/<uuid>/lower        where layers are attached for the moment in which the overlay is assembled
 *     snapshots/<uuid>/volume.json  the layers that make up what a snapshot has kept
 *     staging/<uuid>                half-made: worth nothing to a new server
 *     trash/<uuid>                  waiting to be removed
 */
export const places = {
  pool: [],
  marker: ['pool.json'],
  lock: ['lock'],
  images: ['images'],
  layers: ['layers'],
  instances: ['instances'],
  snapshots: ['snapshots'],
  staging: ['staging'],
  trash: ['trash'],
  image: (fingerprint: string): Place => ['images', checkFingerprint(fingerprint)],
  imageRoot: (fingerprint: string): Place => ['images', checkFingerprint(fingerprint), 'rootfs'],
  layer: (id: string): Place => ['layers', checkId(id)],
  diff: (id: string): Place => ['layers', checkId(id), 'diff'],
  work: (id: string): Place => ['layers', checkId(id), 'work'],
  instance: (id: string): Place => ['instances', checkId(id)],
  volume: (id: string): Place => ['instances', checkId(id), 'volume.json'],
  snapshot: (id: string): Place => ['snapshots', checkId(id)],
  snapshotVolume: (id: string): Place => ['snapshots', checkId(id), 'volume.json'],
  root: (id: string): Place => ['instances', checkId(id), 'root'],
  lower: (id: string): Place => ['instances', checkId(id), 'lower'],
  staged: (name: string): Place => ['staging', checkId(name)],
  trashed: (name: string): Place => ['trash', checkId(name)],
} as const;

const forRoot: Attributes = { mode: 0o700, uid: 0, gid: 0 };
const passThrough: Attributes = { mode: 0o711, uid: 0, gid: 0 };

/**
 * Who gets where. The root of an instance, which is an ordinary user of the host, must reach its own root directory;
 * nobody else may, or a program with the set-id bit in a root would be one of the host's.
 */
export const attributesOf = {
  pool: passThrough,
  instances: passThrough,
  private: forRoot,
  /** An instance's directory: the group is that of the instance's root. */
  instance: (hostBase: number): Attributes => ({ mode: 0o710, uid: 0, gid: hostBase }),
} as const;

export function isFingerprint(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

function checkFingerprint(text: string): string {
  if (!isFingerprint(text)) throw new Fault('invalid', 'The fingerprint of an image is 64 hexadecimal digits');
  return text;
}

function checkId(text: string): string {
  if (!isId(text)) throw new Fault('invalid', 'The id of an instance or a snapshot is a uuid in lower case');
  return text;
}
