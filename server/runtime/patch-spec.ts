import { isObject, type Json, mergePatch } from '../base/merge-patch.ts';
import type { OciSpec } from './oci-spec.ts';

/**
 * What `raw.oci` may change of a specification. The rest is what yurt relies on: the root, the ids of its files, the cgroup
 * that limits and processes are found by, the namespaces that links are put into, the mounts that init and agent need.
 */
const patchable: readonly string[] = [
  'annotations',
  'domainname',
  'hooks',
  'linux.devices',
  'linux.intelRdt',
  'linux.maskedPaths',
  'linux.mountLabel',
  'linux.personality',
  'linux.readonlyPaths',
  'linux.resources',
  'linux.rootfsPropagation',
  'linux.seccomp',
  'linux.sysctl',
  'process.apparmorProfile',
  'process.capabilities',
  'process.ioPriority',
  'process.noNewPrivileges',
  'process.oomScoreAdj',
  'process.rlimits',
  'process.scheduler',
  'process.selinuxLabel',
];

const maxDepth = 16;

/** The patch in a text; undefined when it is none, or when it reaches for what yurt relies on (`patchFault` says which). */
export function parsePatch(text: string): { readonly [key: string]: Json } | undefined {
  const parsed = parse(text);
  return parsed !== undefined && patchFault(text) === undefined ? parsed : undefined;
}

/** Undefined for a patch that may be applied, otherwise what is allowed. */
export function patchFault(text: string): string | undefined {
  const patch = parse(text);
  if (patch === undefined) return 'a JSON object that is merged into the OCI specification (RFC 7396)';
  if (depthOf(patch) > maxDepth) return `a JSON object of at most ${maxDepth} levels`;
  const wrong = pathsOf(patch).find((path) => !patchable.includes(path));
  return wrong === undefined
    ? undefined
    : `a patch that leaves "${wrong.slice(0, 80)}" alone; it may change ${patchable.join(', ')}`;
}

export function patchSpec(spec: OciSpec, patch: Json): OciSpec {
  // The runtime checks what was put in: this is the door for what yurt itself does not know.
  return mergePatch(spec as unknown as Json, patch) as unknown as OciSpec;
}

/** `linux.seccomp` for what lies in `process` and `linux`, else the first name. */
function pathsOf(patch: { readonly [key: string]: Json }): string[] {
  return Object.entries(patch).flatMap(([key, value]) =>
    ['process', 'linux'].includes(key) && isObject(value) ? Object.keys(value).map((name) => `${key}.${name}`) : [key],
  );
}

function parse(text: string): { readonly [key: string]: Json } | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function depthOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
