import { randomUUID } from 'node:crypto';
import { Fault } from '../../base/fault.ts';
import type { IdMap, PunchedIds } from '../../base/id-map.ts';
import { isFingerprint, isId } from './layout.ts';

/** One layer of a root, and the ids that its files are stored with. */
export interface Layer {
  readonly id: string;
  readonly idMap: IdMap;
}

/**
 * What a root consists of: an image, and on it layers, the lowest first. Only the last of an instance is written to, none
 * of a snapshot. Without an image the lowest layer is a whole root.
 */
export interface Volume {
  readonly image?: string;
  readonly layers: readonly Layer[];
}

/**
 * The kernel takes all layers in one page of mount options, each as a descriptor: this many always fit, also with
 * descriptors of six digits.
 */
export const maxLayers = 150;
/**
 * A stack that has grown to this by snapshots is written anew as one layer: each layer costs a look at every name that is
 * not found.
 */
export const maxDepth = 64;
export const maxVolumeBytes = 256 * 1024;

const version = 2;
const versions: readonly unknown[] = [1, version];

export function formatVolume({ image, layers }: Volume): string {
  return `${JSON.stringify({ version, image, layers }, undefined, 2)}\n`;
}

/** Fault `internal` for what `formatVolume` did not write. */
export function parseVolume(text: string): Volume {
  const value = parseJson(text);
  if (!isObject(value) || !versions.includes(value['version'])) throw damaged();
  const { image, layers } = value;
  if (!Array.isArray(layers) || layers.length === 0 || layers.length > maxLayers) throw damaged();
  const stack = layers.map(parseLayer);
  if (image === undefined) return { layers: stack };
  if (typeof image !== 'string' || !isFingerprint(image)) throw damaged();
  return { image, layers: stack };
}

export function newLayer(idMap: IdMap): Layer {
  return { id: randomUUID(), idMap };
}

/** The last layer: of an instance, the one that is written to. */
export function topLayer({ layers }: Volume): Layer {
  const top = layers.at(-1);
  if (top === undefined) throw damaged();
  return top;
}

export function sameIds(left: IdMap, right: IdMap): boolean {
  const punched = ({ punched: holes = [] }: IdMap) => JSON.stringify(holes);
  return left.hostBase === right.hostBase && left.size === right.size && punched(left) === punched(right);
}

function parseLayer(value: unknown): Layer {
  if (!isObject(value) || typeof value['id'] !== 'string' || !isId(value['id'])) throw damaged();
  const { idMap } = value;
  if (!isObject(idMap)) throw damaged();
  const { hostBase, size, punched } = idMap;
  if (!isCount(hostBase) || !isCount(size)) throw damaged();
  if (punched === undefined) return { id: value['id'], idMap: { hostBase, size } };
  if (!Array.isArray(punched)) throw damaged();
  return { id: value['id'], idMap: { hostBase, size, punched: punched.map(parsePunched) } };
}

function parsePunched(value: unknown): PunchedIds {
  if (!isObject(value)) throw damaged();
  const { kind, inside, outside, count } = value;
  const known = kind === 'both' || kind === 'uid' || kind === 'gid';
  if (!known || !isCount(inside) || !isCount(outside) || !isCount(count)) throw damaged();
  return { kind, inside, outside, count };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function damaged(): Fault {
  return new Fault('internal', 'The description of a root (volume.json) is damaged');
}
