import type { IdMap } from '../base/id-map.ts';
import type { Device, Devices } from '../devices/device.ts';
import type { Profile } from '../profiles/profile.ts';
import type { HaltRequest } from '../runtime/guest-init.ts';

/** How far the record itself has come: what a server that starts finds half-made, it removes. */
export type Phase = 'creating' | 'ready' | 'deleting';

/** What the store keeps of an instance. */
export interface Instance {
  readonly uuid: string;
  readonly name: string;
  readonly project: string;
  readonly description: string;
  readonly architecture: string;
  readonly ephemeral: boolean;
  readonly profiles: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly image: { readonly fingerprint: string; readonly description: string };
  readonly idMap: IdMap;
  readonly pool: string;
  readonly phase: Phase;
  /** What it should be: the server that finds a `running` one dead after a reboot of the host starts it again. */
  readonly power: 'running' | 'stopped';
  readonly startedAt: string;
  /** What was begun and must be finished before anything else is done to it. */
  readonly pending?: Pending | undefined;
  /** The init that it was last started with: how to ask it to stop. */
  readonly init?: InstanceInit;
  /** It is made for another instance to be refreshed from, and goes then: its project counts it not. */
  readonly standIn?: boolean;
}

/** A change of record and root together, which a server that finds it goes on with. */
export type Pending = {
  /** Whether it ran, and is to run again. */
  readonly start: boolean;
} & (
  | {
      readonly kind: 'restore';
      /** The uuid of the snapshot. */
      readonly snapshot: string;
    }
  | { readonly kind: 'rebuild'; readonly fingerprint: string }
  /** Nothing changes: it is stopped until its root is kept. */
  | { readonly kind: 'publish' }
  | {
      readonly kind: 'refresh';
      /** The uuid of the instance that it is a copy of. */
      readonly source: string;
      /** The uuid of what is kept of that. */
      readonly snapshot: string;
      /** Whether its root stands on another image than that of the copy. */
      readonly newImage: boolean;
    }
);

/** The init of a root, as far as starting and stopping need to know it. */
export interface InstanceInit {
  /** `systemd`, `busybox`, `openrc`, … */
  readonly kind: string;
  readonly argv: readonly string[];
  /** What makes it shut down cleanly. */
  readonly halt: HaltRequest;
}

/** An instance with its profiles merged in: what holds. */
export interface Expanded {
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

/** Later profiles win per key and per whole device, the instance's own win over all (field-map 2.3). */
export function expand(instance: Pick<Instance, 'config' | 'devices'>, profiles: readonly Profile[]): Expanded {
  const config: Record<string, string> = {};
  const devices: Record<string, Device> = {};
  for (const layer of [...profiles, instance]) {
    Object.assign(config, layer.config);
    Object.assign(devices, layer.devices);
  }
  return { config, devices };
}

/** Whether yurt itself keeps something under a key. */
export function isVolatileKey(key: string): boolean {
  return key.startsWith('volatile.');
}

export function resourceOf(instance: Pick<Instance, 'name'>): string {
  return `instance/${instance.name}`;
}

export function parseInstance(value: unknown): Instance {
  const instance = value as Instance; // written by this server only; the fields that everything hangs on are checked
  if (
    typeof instance.uuid !== 'string' ||
    typeof instance.name !== 'string' ||
    typeof instance.idMap?.hostBase !== 'number' ||
    typeof instance.image?.fingerprint !== 'string'
  ) {
    throw new TypeError('not an instance');
  }
  return instance;
}
