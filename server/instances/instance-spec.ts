import type { HostFeatures } from '../host/host-features.ts';
import { buildSpec } from '../runtime/build-spec.ts';
import type { OciSpec } from '../runtime/oci-spec.ts';
import { parsePatch, patchSpec } from '../runtime/patch-spec.ts';
import { hostParts } from '../runtime/system-mounts.ts';
import { environmentOf } from './config-keys.ts';
import { specOptionsOf } from './spec-options.ts';
import type { SpecInput } from './start-instance.ts';

/** What of the specification is the same for all instances of a server. */
export interface SpecSurroundings {
  readonly host: HostFeatures;
  readonly cgroupOf: (uuid: string) => string;
  /** Directory of the device nodes that instances share. */
  readonly deviceNodes: string;
  /** The agent's files on the host. */
  readonly agentDirectory: string;
}

/** Instance, profiles and devices merged into what the runtime is told. Pure. */
export function instanceSpec(
  surroundings: SpecSurroundings,
  { instance, expanded, rootPath, init, access }: SpecInput,
): OciSpec {
  const spec = buildSpec({
    ...specOptionsOf(expanded.config),
    id: instance.uuid,
    hostname: instance.name,
    idMap: instance.idMap,
    rootPath,
    init: init.argv,
    environment: environmentOf(expanded.config),
    cgroupsPath: surroundings.cgroupOf(instance.uuid),
    devices: [],
    access,
    mounts: hostParts(surroundings.host, surroundings.deviceNodes),
    agentDirectory: surroundings.agentDirectory,
    host: surroundings.host.facts,
  });
  const patch = parsePatch(expanded.config['raw.oci'] ?? '{}');
  return patch === undefined ? spec : patchSpec(spec, patch);
}
