import { join } from 'node:path';
import { ownTask } from '../base/task.ts';
import { InstanceDevices } from '../devices/instance-devices.ts';
import { MountMaker } from '../devices/makers/mount-maker.ts';
import { NatMaker } from '../devices/makers/nat-maker.ts';
import { NicMaker } from '../devices/makers/nic-maker.ts';
import { NodeMaker } from '../devices/makers/node-maker.ts';
import { RelayMaker } from '../devices/makers/relay-maker.ts';
import { HostDeviceNodes } from '../host/device-nodes.ts';
import { DeviceRunDirectory } from '../host/device-runs.ts';
import { NftFirewall } from '../host/firewall.ts';
import { KernelInstanceMounts } from '../host/instance-mounts.ts';
import { ProcessRelays } from '../host/relays.ts';
import { run } from '../host/run.ts';
import type { Expanded, Instance } from '../instances/instance.ts';
import { stableHwaddr } from '../networks/hwaddr.ts';
import type { Engines } from './engines.ts';
import type { Base } from './server.ts';

/** The devices of instances, wired. */
export function openDevices(
  { directories, root }: Base,
  { networks, namespaces, cgroups, runtime }: Engines,
): InstanceDevices {
  const mounts = new KernelInstanceMounts({
    ...{ run, namespaces },
    program: join(root, 'dist/host/mounter'),
    ownDirectories: Object.values(directories),
  });
  return new InstanceDevices({
    makers: {
      nic: new NicMaker({
        network: (name) => networks.driver(name),
        checkNetwork: (name) => networks.check(name),
      }),
      mount: new MountMaker(mounts),
      relay: new RelayMaker({
        relays: new ProcessRelays({ run, cgroups, program: join(root, 'dist/host/relay') }),
        cgroupOf: (uuid) => runtime.cgroupOf(uuid),
      }),
      nat: new NatMaker({ firewall: new NftFirewall(run), network: (name) => networks.driver(name) }),
      node: new NodeMaker(new HostDeviceNodes(run), mounts),
    },
    runs: new DeviceRunDirectory(join(directories.run, 'devices')),
    hwaddr: stableHwaddr,
  });
}

/** Never throws: an instance that runs is not given up for the sake of a device. */
export async function repairDevicesOf(
  { log }: Base,
  devices: InstanceDevices,
  expanded: (instance: Instance) => Promise<Expanded>,
  instance: Instance,
  pid: number,
): Promise<void> {
  try {
    const wanted = devices.plan(instance, (await expanded(instance)).devices);
    await devices.repair(ownTask(log), instance, pid, wanted);
  } catch (error) {
    log.warn({ err: error, instance: instance.uuid }, 'devices of a running instance could not be repaired');
  }
}
