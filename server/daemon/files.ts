import type { FileServiceDeps } from '../rpc/file-service.ts';
import type { Engines } from './engines.ts';
import { agentInstance, type InstanceParts, runningInstance } from './instances.ts';

/** Work on the files of an instance: its agent does it. */
export function filesWork(engines: Engines, parts: InstanceParts): FileServiceDeps['work'] {
  return async (task, project, name, request) => {
    const instance = await runningInstance(parts, project, name);
    return await engines.agents.files(task, agentInstance(instance, await parts.expanded(instance)), request);
  };
}
