import type { Server__Output } from '../../proto/gen/yurt/v1/Server.ts';

/** The server as `yurt info` shows it. */
export function serverRecord(server: Server__Output): Record<string, unknown> {
  return {
    environment: {
      server: 'yurt',
      server_name: server.name,
      server_version: server.version,
      server_pid: server.pid,
      state_directory: server.stateDirectory,
      kernel_version: server.kernelVersion,
      architecture: server.architecture,
      addresses: server.addresses,
      certificate_fingerprint: server.certificateFingerprint,
      cgroup_layout: server.cgroupLayout,
      runtime: `${server.runtime} ${server.runtimeVersion}`.trim(),
      conmon_version: server.conmonVersion,
      node_version: server.nodeVersion,
    },
    instances: { total: server.instanceCount, running: server.runningInstanceCount },
    features: Object.fromEntries(
      server.features.map(({ name, present, detail }) => [name, { present, ...(detail === '' ? {} : { detail }) }]),
    ),
  };
}
