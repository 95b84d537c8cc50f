import { join } from 'node:path';
import { ownTask } from '../base/task.ts';
import type { Devices } from '../devices/device.ts';
import { InstanceDevices } from '../devices/instance-devices.ts';
import { MountMaker } from '../devices/makers/mount-maker.ts';
import { NatMaker } from '../devices/makers/nat-maker.ts';
import { NicMaker } from '../devices/makers/nic-maker.ts';
import { NodeMaker } from '../devices/makers/node-maker.ts';
import { RelayMaker } from '../devices/makers/relay-maker.ts';
import type { PartMakers } from '../devices/part-maker.ts';
import { CgroupDeviceFilter } from '../host/device-filter.ts';
import { HostDeviceNodes } from '../host/device-nodes.ts';
import { DeviceRunDirectory } from '../host/device-runs.ts';
import { NftFirewall } from '../host/firewall.ts';
import { KernelInstanceMounts } from '../host/instance-mounts.ts';
import { ProcessRelays } from '../host/relays.ts';
import { SourceWatch } from '../host/source-watch.ts';
import { futureOwner } from '../instances/check-expanded.ts';
import { DeviceApplier } from '../instances/device-applier.ts';
import type { Instance } from '../instances/instance.ts';
import type { InstanceLocks } from '../instances/instance-locks.ts';
import type { LiveApplier } from '../instances/live-change.ts';
import { SourceFollower } from '../instances/source-follower.ts';
import type { StaticAddresses } from '../instances/static-addresses.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import { stableHwaddr } from '../networks/hwaddr.ts';
import { defaultProject } from '../projects/project.ts';
import type { Engines } from './engines.ts';
import type { InstanceObjects } from './records.ts';
import type { Base } from './server.ts';

/** The devices of instances, wired. */
export interface DeviceParts {
  readonly devices: InstanceDevices;
  /** What makes the devices of a running instance follow a change of its configuration. */
  readonly appliers: readonly LiveApplier[];
  /** Faults of what devices need and the host lacks. */
  readonly check: (devices: Devices) => Promise<void>;
  /** Ends what is watched for devices. */
  readonly close: () => void;
  /** Never throws: an instance that runs is not given up for the sake of a device. */
  readonly repair: (instance: Instance, pid: number) => Promise<void>;
}

export interface DeviceWiring extends Pick<InstanceObjects, 'expanded' | 'addresses' | 'records'> {
  readonly locks: InstanceLocks;
  /** Made after the devices, which it removes. */
  readonly supervisor: () => Supervisor;
}

export function openDevices(
  base: Base,
  engines: Engines,
  { expanded, addresses, records, locks, supervisor }: DeviceWiring,
): DeviceParts {
  const { log, directories } = base;
  const runs = new DeviceRunDirectory(join(directories.run, 'devices'));
  const devices = new InstanceDevices({
    ...{ makers: partMakers(base, engines, addresses), runs, hwaddr: stableHwaddr },
    watch: (uuid, paths) => sources.set(uuid, paths),
  });
  const pid = async (uuid: string) => (await engines.runtime.state(uuid))?.pid;
  const repair = async (instance: Instance, init: number) => {
    try {
      const wanted = devices.plan(instance, (await expanded(instance)).devices);
      await devices.repair(ownTask(log), instance, init, wanted);
    } catch (error) {
      log.warn({ err: error, instance: instance.uuid }, 'devices of a running instance could not be repaired');
    }
  };
  const follower = new SourceFollower({ records, locks, pid, repair, status: (uuid) => supervisor().status(uuid) });
  const sources = new SourceWatch({ log, changed: (uuid) => follower.follow(uuid) });
  return {
    devices,
    appliers: (['others', 'all'] as const).map((scope) => new DeviceApplier({ devices, pid, scope })),
    check: (given) => devices.check(devices.plan(futureOwner, given)),
    repair,
    close: () => sources[Symbol.dispose](),
  };
}

function partMakers(
  { directories, root, tools: { run } }: Base,
  { networks, namespaces, cgroups, runtime }: Engines,
  addresses: StaticAddresses,
): PartMakers {
  const program = (name: string) => join(root, 'dist/host', name);
  const ownDirectories = Object.values(directories);
  const mounts = new KernelInstanceMounts({ run, namespaces, program: program('mounter'), ownDirectories });
  const network = (name: string) => networks.driver(name);
  return {
    nic: new NicMaker({
      ...{ defaultProject, network, checkNetwork: (name) => networks.check(name) },
      claimed: async (name, uuid) => new Set((await addresses.claimed(name, uuid)).keys()),
    }),
    mount: new MountMaker(mounts),
    node: new NodeMaker({
      ...{ mounts, nodes: new HostDeviceNodes(run), filter: new CgroupDeviceFilter(cgroups) },
      cgroupOf: (uuid) => runtime.cgroupOf(uuid),
    }),
    relay: new RelayMaker({
      relays: new ProcessRelays({ run, cgroups, program: program('relay') }),
      cgroupOf: (uuid) => runtime.cgroupOf(uuid),
    }),
    nat: new NatMaker({ firewall: new NftFirewall(run), network }),
  };
}
