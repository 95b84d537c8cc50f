import { buildSpec, type SpecInput } from './build-spec.ts';
import type { OciSpec } from './oci-spec.ts';
import { agentDirectory } from './system-mounts.ts';

/**
 * What the agent and the runtime need of the system's mounts. Not what an instance has in memory (/run, say): files that
 * are put there belong to the root on disk as long as the instance does not run.
 */
const mounts: ReadonlySet<string> = new Set(['/proc', '/dev', '/dev/pts', agentDirectory]);
/** The init, the agent and what it may start. */
const processes = 64;

/**
 * A container on the root of an instance that does not run: its user namespace (none for the ids of the host, which a
 * privileged one has), its filters, no network, and an init of ours that only waits. Faults as of `buildSpec`.
 */
export function offlineSpec(
  input: Pick<SpecInput, 'id' | 'idMap' | 'rootPath' | 'cgroupsPath' | 'host'> & { readonly agentDirectory: string },
): OciSpec {
  const spec = buildSpec({
    ...input,
    hostname: 'files',
    privileged: input.idMap.hostBase === 0,
    init: [`${agentDirectory}/launcher`, 'wait'],
    environment: {},
    devices: [],
    mounts: [],
  });
  return {
    ...spec,
    mounts: spec.mounts.filter(({ destination }) => mounts.has(destination)),
    linux: { ...spec.linux, resources: { ...spec.linux.resources, pids: { limit: processes } } },
  };
}
