import type { Project as ProjectMessage } from '../../proto/gen/yurt/v1/Project.ts';
import type { ProjectServiceHandlers } from '../../proto/gen/yurt/v1/ProjectService.ts';
import type { Task } from '../base/task.ts';
import type { Operations } from '../operations/operations.ts';
import { type Project, projectEtag, projectResource } from '../projects/project.ts';
import type { Projects } from '../projects/projects.ts';
import type { Usage } from '../projects/usage.ts';
import { encodeOperation } from './encode.ts';
import type { Identity } from './identity.ts';
import type { Handlers } from './router.ts';

export interface ProjectServiceDeps {
  readonly projects: Projects;
  readonly operations: Operations;
  readonly contents: (project: string) => Promise<readonly string[]>;
  readonly usage: (project: Project) => Promise<readonly Usage[]>;
  /** Deletes the instances, images and profiles of a project. */
  readonly empty: (task: Task, project: Project) => Promise<void>;
}

export function projectService(deps: ProjectServiceDeps): Handlers<ProjectServiceHandlers> {
  const { projects, operations } = deps;
  const encode = async (project: Project): Promise<ProjectMessage> => ({
    ...project,
    usedBy: [...(await deps.contents(project.name))],
    etag: projectEtag(project),
  });
  /** Who may see only instances of a project learns its name, and nothing else of it. */
  const encodeFor = async ({ sight }: Identity, project: Project) =>
    sight.role(project.name) === undefined ? { name: project.name } : await encode(project);
  return {
    ListProjects: async ({ identity }) => {
      const visible = (await projects.list()).filter(({ name }) => identity.sight.enters(name));
      return { projects: await Promise.all(visible.map((project) => encodeFor(identity, project))) };
    },
    GetProject: async ({ identity }, { name }) => ({
      project: await encodeFor(identity, await projects.get(name)),
    }),
    GetProjectUsage: async (_call, { name }) => {
      const usage = await deps.usage(await projects.get(name));
      const encoded = usage.map(({ resource, unit, limit, used }) => ({
        ...{ name: resource, unit, used, limited: limit !== undefined, limit: limit ?? 0 },
      }));
      return { resources: encoded };
    },
    CreateProject: async (_call, { name, description, config, storagePool, network }) => {
      const created = await projects.create({ name, description, config }, { storagePool, network });
      return { project: await encode(created) };
    },
    UpdateProject: async (_call, { name, etag, description, config }) => ({
      project: await encode(await projects.update({ name, description, config }, etag)),
    }),
    RenameProject: async (_call, { name, newName }) => {
      const renamed = await projects.rename(name, newName);
      return { project: await encode(renamed) };
    },
    DeleteProject: async (_call, { name, force }) => {
      const project = await projects.get(name);
      await projects.checkDeletable(name, force ? 'emptied' : 'as it is');
      const request = {
        ...{ kind: 'project.delete', description: `Deleting project ${name}`, project: name },
        resources: [projectResource(name)],
      };
      const view = operations.start(request, async (task) => {
        if (force) await deps.empty(task, project);
        await projects.delete(name);
        return {};
      });
      return { operation: encodeOperation(view) };
    },
  };
}
