import type { NicPart } from './parts.ts';
import type { PlannedDevice } from './plan-devices.ts';

/** One step of changing the devices of a running instance. */
export type ChangeStep =
  | { readonly verb: 'add' | 'remove'; readonly device: PlannedDevice }
  | { readonly verb: 'adjust'; readonly from: PlannedDevice; readonly to: PlannedDevice };

/** What must go and come, each in the order in which devices are made, and what is adjusted where it is. */
export interface DeviceChanges {
  readonly removed: readonly PlannedDevice[];
  readonly added: readonly PlannedDevice[];
  readonly adjusted: readonly (readonly [from: PlannedDevice, to: PlannedDevice])[];
}

/** Steps in their order: first `others`, then `links`. */
export interface ChangeSteps {
  readonly others: readonly ChangeStep[];
  readonly links: readonly ChangeStep[];
}

/**
 * The order of a change. With a nic go the addresses and routes that it was given inside, which no undo brings back: so
 * links are taken away when everything else has succeeded, new links among it. Pure.
 */
export function changeSteps({ removed, added, adjusted }: DeviceChanges): ChangeSteps {
  const going = [...removed, ...adjusted.map(([from]) => from)].filter(onLinks);
  // What has the name of one that goes last must wait for it: a run knows devices by their names.
  const isOther = (device: PlannedDevice) => !onLinks(device) && !going.some(({ name }) => name === device.name);
  // The name of an instance on a network is that of its first nic there: one that comes instead of another waits for it.
  const left = new Set(removed.flatMap(nicsOf).map(({ network }) => network));
  const staying = added.filter((device) => removed.some(({ name }) => name === device.name)).flatMap(nicsOf);
  for (const { network } of staying) left.delete(network);
  const isFirst = (device: PlannedDevice) =>
    onLinks(device) && isBeside(device, going) && !nicsOf(device).some(({ network }) => left.has(network));
  const add = (device: PlannedDevice): ChangeStep => ({ verb: 'add', device });
  const remove = (device: PlannedDevice): ChangeStep => ({ verb: 'remove', device });
  return {
    others: [
      ...removed
        .filter((device) => !onLinks(device))
        .toReversed()
        .map(remove),
      ...added.filter(isOther).map(add),
    ],
    links: [
      ...added.filter(isFirst).map(add),
      ...removed.filter(onLinks).toReversed().map(remove),
      // Between the two: what is added may depend on it, and what was removed on what it was.
      ...adjusted.map(([from, to]): ChangeStep => ({ verb: 'adjust', from, to })),
      ...added.filter((device) => !isOther(device) && !isFirst(device)).map(add),
    ],
  };
}

/** A nic, or rules that depend on one. */
function onLinks({ parts }: PlannedDevice): boolean {
  return parts.some(({ kind }) => kind === 'nic' || kind === 'nat');
}

/** Whether it is a nic that can be there together with all of these. */
function isBeside({ name, parts }: PlannedDevice, going: readonly PlannedDevice[]): boolean {
  if (going.some((other) => other.name === name)) return false;
  const taken = new Set(going.flatMap(nicsOf).flatMap(claims));
  // Which address one of them was given by DHCP is not known here.
  return parts.every(
    (part) => part.kind === 'nic' && isGiven(part, taken.size) && claims(part).every((claim) => !taken.has(claim)),
  );
}

function isGiven({ ipv4 }: NicPart, others: number): boolean {
  return ipv4 === undefined || ipv4 === 'none' || others === 0;
}

function nicsOf({ parts }: PlannedDevice): NicPart[] {
  return parts.filter((part) => part.kind === 'nic');
}

/** What one nic of an instance has for itself. */
function claims({ name, hwaddr, hostName }: NicPart): string[] {
  return [`link ${name}`, `address ${hwaddr}`, ...(hostName === undefined ? [] : [`end ${hostName}`])];
}
