import { Serial } from '../base/serial.ts';
import { ownTask } from '../base/task.ts';
import { ChangeJournal } from '../instances/change-journal.ts';
import type { CreateDeps } from '../instances/create-instance.ts';
import type { Expanded, Instance } from '../instances/instance.ts';
import type { InstanceLocks } from '../instances/instance-locks.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { LiveApplier } from '../instances/live-change.ts';
import { LiveChanges } from '../instances/live-changes.ts';
import { ProfileChanges } from '../instances/profile-changes.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import { InstanceUpdater } from '../instances/update-instance.ts';
import { stableHwaddr } from '../networks/hwaddr.ts';
import type { Profiles } from '../profiles/profile.ts';
import type { Engines } from './engines.ts';
import type { Base } from './server.ts';

/** Whatever changes the configuration of what exists, wired. */
export interface ChangeParts {
  readonly updater: InstanceUpdater;
  readonly profileChanges: ProfileChanges;
  /** What the creation of instances shares with it. */
  readonly use: Pick<CreateDeps, 'profile' | 'profileUse' | 'checkNetwork' | 'hwaddr'>;
  /** After a start of the server: finishes what an earlier one was changing when it was killed. */
  recover(): Promise<void>;
}

export interface ChangedParts {
  readonly records: InstanceRecords;
  readonly profiles: Profiles;
  readonly locks: InstanceLocks;
  readonly supervisor: Supervisor;
  readonly expanded: (instance: Instance) => Promise<Expanded>;
}

export function openChanges(base: Base, { networks }: Engines, parts: ChangedParts): ChangeParts {
  const { log, store, events } = base;
  const { records, profiles, locks, supervisor, expanded } = parts;
  const live = new LiveChanges({ appliers: liveAppliers(), supervisor, journal: new ChangeJournal(store) });
  const profileUse = new Serial();
  const profile = (project: string, name: string) => profiles.get(project, name);
  const checkNetwork = (name: string) => networks.check(name);
  const hwaddr = stableHwaddr;
  const shared = { records, locks, supervisor, events, live, profileUse, surroundings: { checkNetwork }, hwaddr };
  return {
    updater: new InstanceUpdater({ ...shared, profile }),
    profileChanges: new ProfileChanges({ ...shared, profiles }),
    use: { profile, profileUse, checkNetwork, hwaddr },
    recover: async () => await live.recover(ownTask(log), await records.list(), expanded),
  };
}

/** What makes a running instance follow a change of its configuration, in this order. */
function liveAppliers(): LiveApplier[] {
  return [];
}
