import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import type { InstanceState__Output } from '../../proto/gen/yurt/v1/InstanceState.ts';
import type { NetworkInterface__Output } from '../../proto/gen/yurt/v1/NetworkInterface.ts';
import type { Snapshot__Output } from '../../proto/gen/yurt/v1/Snapshot.ts';
import { printable } from '../output/printable.ts';
import { byteSize, dateOf, durationOf, minuteOf } from '../output/units.ts';
import { statusWord } from './record.ts';

/** An instance as `yurt info` shows it: a line a fact, indented by what it belongs to. */
export function instanceInfo(instance: Instance__Output): string {
  const { state, diskUsageBytes } = instance;
  const lines: Lines = [
    ['Name', instance.name],
    ['Description', instance.description],
    ['Status', statusWord(instance.status).toUpperCase()],
    ['Status detail', instance.statusDetail],
    ['Type', instance.ephemeral ? 'container (ephemeral)' : 'container'],
    ['Architecture', instance.architecture],
    ['Image', instance.imageDescription || instance.imageFingerprint.slice(0, 12)],
    ['Profiles', instance.profiles.join(', ')],
    ['PID', state === null || state.pid === 0 ? '' : String(state.pid)],
    ['Created', minuteOf(dateOf(instance.createdAt))],
    ['Last Used', minuteOf(dateOf(instance.lastUsedAt))],
    ['Started', minuteOf(dateOf(state?.startedAt))],
    ['Boot', state === null ? '' : bootOf(state)],
  ];
  const disk: Lines[number] = ['Disk usage', diskUsageBytes === 0 ? [] : [['root', byteSize(diskUsageBytes)]]];
  const resources = render(state === null ? [disk] : resourcesOf(state, disk), 2);
  return render(lines, 0) + (resources === '' ? '' : `\nResources:\n${resources}`);
}

/** The snapshots below it, a line each. */
export function snapshotLines(snapshots: readonly Snapshot__Output[]): string {
  if (snapshots.length === 0) return '';
  const lines = snapshots.map(({ name, createdAt, expiresAt, diskUsageBytes }) => {
    const size = diskUsageBytes === 0 ? '' : `, ${byteSize(diskUsageBytes)}`;
    const expiry = expiresAt === null ? '' : `, expires ${minuteOf(dateOf(expiresAt))}`;
    return [name, `taken ${minuteOf(dateOf(createdAt))}${size}${expiry}`] as const;
  });
  return `\n${render([['Snapshots', lines]], 0)}`;
}

type Lines = readonly (readonly [name: string, value: string | Lines])[];

/** Facts without a value are left out. */
function render(lines: Lines, indent: number): string {
  const space = ' '.repeat(indent);
  return lines
    .map(([name, value]) => {
      if (typeof value === 'string') return value === '' ? '' : `${space}${printable(name)}: ${printable(value)}\n`;
      return value.length === 0 ? '' : `${space}${printable(name)}:\n${render(value, indent + 2)}`;
    })
    .join('');
}

function bootOf({ ready, initState }: InstanceState__Output): string {
  return initState || (ready ? 'ready' : 'starting');
}

function resourcesOf(state: InstanceState__Output, disk: Lines[number]): Lines {
  return [
    ['Processes', String(state.processCount)],
    disk,
    ['CPU usage', [['CPU usage (in seconds)', String(Math.floor(state.cpuUsageNanoseconds / 1e9))]]],
    [
      'Memory usage',
      [
        ['Memory (current)', sizeOrNothing(state.memoryUsageBytes)],
        ['Memory (peak)', sizeOrNothing(state.memoryPeakBytes)],
        ['Memory (limit)', sizeOrNothing(state.memoryLimitBytes)],
      ],
    ],
    ['Network usage', state.network.map((device) => [device.name, interfaceLines(device)] as const)],
    ['Uptime', uptimeOf(state)],
  ];
}

function interfaceLines(device: NetworkInterface__Output): Lines {
  return [
    ['State', device.state.toUpperCase()],
    ['Host interface', device.hostName],
    ['MAC address', device.hwaddr],
    ['MTU', device.mtu === 0 ? '' : String(device.mtu)],
    ['Bytes received', byteSize(device.receivedBytes)],
    ['Bytes sent', byteSize(device.sentBytes)],
    [
      'IP addresses',
      device.addresses.map(
        ({ family, address, prefixLength, scope }) => [family, `${address}/${prefixLength} (${scope})`] as const,
      ),
    ],
  ];
}

function uptimeOf({ startedAt }: InstanceState__Output): string {
  const start = dateOf(startedAt);
  return start === undefined ? '' : durationOf(Math.max(0, (Date.now() - start.getTime()) / 1000));
}

function sizeOrNothing(bytes: number): string {
  return bytes === 0 ? '' : byteSize(bytes);
}
