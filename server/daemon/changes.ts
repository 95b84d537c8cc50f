import { Serial } from '../base/serial.ts';
import { ownTask } from '../base/task.ts';
import { ChangeJournal } from '../instances/change-journal.ts';
import type { CreateDeps } from '../instances/create-instance.ts';
import type { InstanceLocks } from '../instances/instance-locks.ts';
import type { LiveApplier } from '../instances/live-change.ts';
import { LiveChanges } from '../instances/live-changes.ts';
import { ProfileChanges } from '../instances/profile-changes.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import { MetadataEditor } from '../instances/templates/metadata-editor.ts';
import { InstanceUpdater, type ProfileUse } from '../instances/update-instance.ts';
import { stableHwaddr } from '../networks/hwaddr.ts';
import { homeOf } from '../projects/project.ts';
import type { Engines } from './engines.ts';
import type { InstanceObjects } from './records.ts';
import type { Base } from './server.ts';

/** Whatever changes the configuration of what exists, wired. */
export interface ChangeParts {
  readonly updater: InstanceUpdater;
  readonly profileChanges: ProfileChanges;
  readonly metadata: MetadataEditor;
  /** What the creation of instances shares with it. */
  readonly use: Pick<CreateDeps, 'profile' | 'profileUse' | 'checkNetwork' | 'addresses' | 'hwaddr'>;
  /** After a start of the server: finishes what an earlier one was changing when it was killed. */
  recover(): Promise<void>;
}

export interface ChangedParts extends InstanceObjects {
  readonly locks: InstanceLocks;
  readonly supervisor: Supervisor;
  /** What makes a running instance follow a change of its configuration, in this order. */
  readonly appliers: readonly LiveApplier[];
}

export function openChanges(base: Base, { networks }: Engines, parts: ChangedParts): ChangeParts {
  const { log, store, events } = base;
  const { projects, records, profiles, locks, supervisor, expanded, admission, addresses, appliers } = parts;
  const live = new LiveChanges({ appliers, supervisor, journal: new ChangeJournal(store) });
  const turns = new Serial();
  const profileUse: ProfileUse = {
    run: async (project, action) => await turns.run(await projects.home(project, 'profiles'), action),
  };
  const profile = (project: string, name: string) => profiles.get(project, name);
  const checkNetwork = (name: string) => networks.check(name);
  const hwaddr = stableHwaddr;
  const surroundings = { checkNetwork };
  const shared = { records, locks, supervisor, events, live, profileUse, surroundings, addresses, hwaddr };
  return {
    metadata: new MetadataEditor({ records, metadata: parts.metadata, locks, events }),
    updater: new InstanceUpdater({ ...shared, profile }),
    profileChanges: new ProfileChanges({
      ...{ ...shared, profiles, admission },
      sharing: async (home) => {
        const all = await projects.list();
        return all.filter((project) => homeOf(project, 'profiles') === home).map(({ name }) => name);
      },
    }),
    use: { profile, profileUse, checkNetwork, addresses, hwaddr },
    recover: async () => await live.recover(ownTask(log), await records.list(), expanded),
  };
}
