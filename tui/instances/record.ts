import type { Device__Output } from '../../proto/gen/yurt/v1/Device.ts';
import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import type { InstanceState__Output } from '../../proto/gen/yurt/v1/InstanceState.ts';
import type { NetworkInterface__Output } from '../../proto/gen/yurt/v1/NetworkInterface.ts';
import { dateOf, isoOf } from '../output/units.ts';

/** An instance as `-f json` and `-f yaml` show it: names as in the field, so that scripts carry over. */
export function instanceRecord(instance: Instance__Output): Record<string, unknown> {
  return {
    name: instance.name,
    project: instance.project,
    uuid: instance.uuid,
    description: instance.description,
    type: 'container',
    status: statusWord(instance.status),
    ...(instance.statusDetail === '' ? {} : { status_detail: instance.statusDetail }),
    architecture: instance.architecture,
    ephemeral: instance.ephemeral,
    profiles: instance.profiles,
    config: instance.config,
    devices: devicesRecord(instance.devices),
    expanded_config: instance.expandedConfig,
    expanded_devices: devicesRecord(instance.expandedDevices),
    created_at: isoOf(dateOf(instance.createdAt)),
    last_used_at: isoOf(dateOf(instance.lastUsedAt)),
    image: { fingerprint: instance.imageFingerprint, description: instance.imageDescription },
    snapshot_count: instance.snapshotCount,
    state: instance.state === null ? null : stateRecord(instance, instance.state),
  };
}

export function devicesRecord(
  devices: Readonly<Record<string, Device__Output>>,
): Record<string, Record<string, string>> {
  return Object.fromEntries(Object.entries(devices).map(([name, { options }]) => [name, options]));
}

/** `Running`. */
export function statusWord(status: Instance__Output['status']): string {
  const word = String(status).replace('INSTANCE_STATUS_', '').toLowerCase();
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function stateRecord(instance: Instance__Output, state: InstanceState__Output): Record<string, unknown> {
  return {
    status: statusWord(instance.status),
    pid: state.pid,
    started_at: isoOf(dateOf(state.startedAt)),
    ready: state.ready,
    init_state: state.initState,
    processes: state.processCount,
    cpu: { usage: state.cpuUsageNanoseconds },
    memory: { usage: state.memoryUsageBytes, usage_peak: state.memoryPeakBytes, total: state.memoryLimitBytes },
    disk: { root: { usage: state.diskUsageBytes } },
    network: Object.fromEntries(state.network.map((device) => [device.name, interfaceRecord(device)])),
  };
}

function interfaceRecord(device: NetworkInterface__Output): Record<string, unknown> {
  return {
    addresses: device.addresses.map(({ family, address, prefixLength, scope }) => ({
      family,
      address,
      netmask: String(prefixLength),
      scope,
    })),
    counters: { bytes_received: device.receivedBytes, bytes_sent: device.sentBytes },
    hwaddr: device.hwaddr,
    host_name: device.hostName,
    mtu: device.mtu,
    state: device.state,
  };
}
