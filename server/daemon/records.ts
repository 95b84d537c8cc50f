import { Serial } from '../base/serial.ts';
import { Collection } from '../db/collection.ts';
import { type Candidate, ProjectAdmission } from '../instances/admission.ts';
import { hostIdRange, IdRanges } from '../instances/id-ranges.ts';
import { type Expanded, expand, type Instance, resourceOf } from '../instances/instance.ts';
import { InstanceRecords } from '../instances/instance-records.ts';
import { StaticAddresses } from '../instances/static-addresses.ts';
import { InstanceMetadataRecords } from '../instances/templates/instance-metadata.ts';
import { stableHwaddr } from '../networks/hwaddr.ts';
import { type Profile, Profiles, parseProfile } from '../profiles/profile.ts';
import type { Projects } from '../projects/projects.ts';
import type { Member } from '../projects/usage.ts';
import type { Engines } from './engines.ts';
import { belongings, openProjects, ownImages, ownProfiles } from './projects.ts';
import { type Base, defaultNetworkPrefix, defaultPool, readOptional } from './server.ts';

/** What instances are on record: themselves, their profiles, their projects. */
export interface InstanceObjects {
  readonly projects: Projects;
  readonly profiles: Profiles;
  readonly records: InstanceRecords;
  /** What instances have of their images' metadata, and their templates. */
  readonly metadata: InstanceMetadataRecords;
  readonly admission: ProjectAdmission;
  readonly addresses: StaticAddresses;
  readonly expanded: (instance: Candidate) => Promise<Expanded>;
  /** What a project's instances count for. */
  readonly members: (project: string) => Promise<readonly Member[]>;
  /** What is in a project, as names of resources. */
  readonly contents: (project: string) => Promise<readonly string[]>;
}

export async function openRecords(base: Base, engines: Engines): Promise<InstanceObjects> {
  const { store } = base;
  const { networks } = engines;
  const turns = new Serial();
  const range = hostIdRange(await readOptional('/etc/subuid'), await readOptional('/etc/subgid'));
  const members = async (project: string) => await Promise.all((await records.list(project)).map(member));
  const contents = async (project: string) => [
    ...(await records.list(project)).map(resourceOf),
    ...(await ownProfiles(projects, profiles, project)),
    ...(await ownImages(projects, engines, project)),
  ];
  const projects: Projects = openProjects(base, turns, {
    ...{ members, contents },
    belongings: belongings(engines, () => profiles),
  });
  await projects.ensureDefault();
  const profiles = new Profiles(new Collection(store, 'profile/', parseProfile), (name) =>
    projects.home(name, 'profiles'),
  );
  const expanded = async (instance: Candidate) => await expander(profiles)(instance);
  const member = async (instance: Instance) => ({ name: instance.name, ...(await expanded(instance)) });
  const admission = new ProjectAdmission({
    ...{ expanded, turns },
    project: (name) => projects.get(name),
    instances: (project) => records.list(project),
  });
  const records: InstanceRecords = new InstanceRecords(store, new IdRanges(store, range, base.id), admission);
  await records.open();
  await profiles.ensureDefault('default', defaultPool, await networks.ensureDefault(defaultNetworkPrefix));
  const metadata = new InstanceMetadataRecords(store);
  const addresses = new StaticAddresses({
    instances: () => records.list(),
    expander: () => expander(profiles),
    network: (name) => networks.driver(name),
    hwaddr: stableHwaddr,
  });
  return { projects, profiles, records, metadata, admission, addresses, expanded, members, contents };
}

/** Expands instances, reading each profile once: for one listing, since what it has read it keeps. */
export function expander(
  profiles: Profiles,
): (instance: Pick<Instance, 'project' | 'profiles' | 'config' | 'devices'>) => Promise<Expanded> {
  const read = new Map<string, Promise<Profile>>();
  const profile = (project: string, name: string) => {
    const key = `${project}/${name}`;
    const found = read.get(key) ?? profiles.get(project, name);
    read.set(key, found);
    return found;
  };
  return async (instance) =>
    expand(instance, await Promise.all(instance.profiles.map((name) => profile(instance.project, name))));
}
