import { Fault } from '../base/fault.ts';
import type { Serial } from '../base/serial.ts';
import type { Task } from '../base/task.ts';
import { Collection } from '../db/collection.ts';
import type { OperationView } from '../operations/operation.ts';
import { defaultProfile, type Profiles } from '../profiles/profile.ts';
import { hasFeature, type Project, parseProject, projectResource } from '../projects/project.ts';
import { type Belongings, Projects, type ProjectsDeps } from '../projects/projects.ts';
import { usageOf } from '../projects/usage.ts';
import type { ProjectServiceDeps } from '../rpc/project-service.ts';
import type { Engines } from './engines.ts';
import type { InstanceParts } from './instances.ts';
import { type Base, defaultNetworkPrefix, defaultPool } from './server.ts';

export function openProjects(
  { store, events }: Base,
  turns: Serial,
  looks: Pick<ProjectsDeps, 'contents' | 'members' | 'belongings'>,
): Projects {
  return new Projects({
    ...looks,
    turns,
    records: new Collection(store, 'project/', parseProject),
    announce: (action, name) => events.lifecycle(action, projectResource(name), {}, name),
  });
}

/** What every project has of its own: the profile `default`, unless it shares profiles. */
export function belongings({ pools, networks }: Engines, profiles: () => Profiles): Belongings {
  return {
    make: async (project, { storagePool, network }) => {
      if (!hasFeature(project, 'profiles')) return {};
      const pool = storagePool === '' ? defaultPool : storagePool;
      pools.driver(pool);
      if (network !== '') networks.check(network);
      const link = network === '' ? await networks.ensureDefault(defaultNetworkPrefix) : network;
      return await profiles().defaultMade(project.name, pool, link);
    },
    move: async (from, to) => await profiles().moved(from, to),
    remove: async (project) => await profiles().removed(project),
  };
}

/** What the service of projects works with. */
export function projectDeps(base: Base, engines: Engines, parts: InstanceParts): ProjectServiceDeps {
  const { projects, records } = parts;
  return {
    projects,
    operations: base.operations,
    contents: parts.contents,
    usage: async ({ name, config }) => usageOf(config, await parts.members(name)),
    empty: async (task, project) => {
      for (const { name } of await records.list(project.name)) {
        task.report({ stage: `Deleting instance ${name}` });
        await finished(base, await parts.verbs.delete(project.name, name, true));
      }
      await emptyOfOthers(task, engines, parts, project);
    },
  };
}

async function emptyOfOthers(
  task: Task,
  engines: Engines,
  { profiles }: InstanceParts,
  project: Project,
): Promise<void> {
  if (hasFeature(project, 'images')) {
    const images = engines.images.of(project.name);
    for (const { fingerprint } of await images.list()) {
      await images.delete(task, fingerprint);
      await discardImage(engines, task, fingerprint);
    }
  }
  if (!hasFeature(project, 'profiles')) return;
  for (const { name } of await profiles.list(project.name)) {
    if (name !== defaultProfile) await profiles.remove(await profiles.versioned(project.name, name));
  }
}

/** Removes what the pools keep of an image, once no project has it. */
export async function discardImage({ images, pools }: Engines, task: Task, fingerprint: string): Promise<void> {
  if ((await images.fingerprints()).has(fingerprint)) return;
  for (const pool of pools.drivers()) {
    // While an instance stands on its files they stay; a later start of the server removes them.
    await pool.deleteImage(task, fingerprint).catch((error: unknown) => {
      if (Fault.from(error).code !== 'in-use') throw error;
    });
  }
}

/** Waits for the end of an operation; throws its fault. */
async function finished({ operations }: Base, { id }: OperationView): Promise<void> {
  for await (const { status, fault } of operations.watch(id, AbortSignal.timeout(operationTimeoutMs))) {
    if (status === 'succeeded') return;
    if (fault !== undefined) throw new Fault(fault.code, fault.message);
  }
}

const operationTimeoutMs = 10 * 60_000;

/** Profiles that a project has of its own, but for `default`, which every project has. */
export async function ownProfiles(projects: Projects, profiles: Profiles, project: string): Promise<string[]> {
  if ((await projects.home(project, 'profiles')) !== project) return [];
  return (await profiles.list(project)).flatMap(({ name }) => (name === 'default' ? [] : [`profile/${name}`]));
}

export async function ownImages(projects: Projects, engines: Engines, project: string): Promise<string[]> {
  if ((await projects.home(project, 'images')) !== project) return [];
  return (await engines.images.of(project).list()).map(({ fingerprint }) => `image/${fingerprint}`);
}
