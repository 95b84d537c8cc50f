import type { CopyInstanceRequest__Output } from '../../proto/gen/yurt/v1/CopyInstanceRequest.ts';
import type { InstanceServiceHandlers } from '../../proto/gen/yurt/v1/InstanceService.ts';
import { Fault } from '../base/fault.ts';
import type { CopyRequest } from '../instances/copy-instance.ts';
import type { Instance } from '../instances/instance.ts';
import type { InstanceMoves } from '../instances/instance-moves.ts';
import { decodeDevices } from './decode.ts';
import { encodeInstance, encodeOperation, type InstanceView } from './encode.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

type MoveHandlers = Pick<Handlers<InstanceServiceHandlers>, 'CopyInstance' | 'MoveInstance' | 'RebuildInstance'>;

/** The part of the instance service that makes another instance of one. */
export function moveHandlers(moves: InstanceMoves, view: (instance: Instance) => Promise<InstanceView>): MoveHandlers {
  return {
    CopyInstance: async (_call, request) => {
      const { name, operation } = await moves.copy(copyRequest(request), request.start);
      return { name, operation: encodeOperation(operation) };
    },
    MoveInstance: async (_call, request) => {
      const { name, newName, pool } = request;
      if (name === '') throw new Fault('invalid', 'The name of the instance is missing');
      const project = projectOf(request);
      const moved = await moves.move({ project, name, newName, pool, targetProject: targetOf(request) });
      return { instance: encodeInstance(await view(moved)) };
    },
    RebuildInstance: async (_call, request) => {
      if (request.name === '') throw new Fault('invalid', 'The name of the instance is missing');
      if (request.image === '') throw new Fault('invalid', 'The image to rebuild the instance from is missing');
      const { name, image, force } = request;
      return { operation: encodeOperation(await moves.rebuild(projectOf(request), name, image, force)) };
    },
  };
}

function targetOf(request: { readonly project: string; readonly targetProject: string }): string {
  return projectOf({ project: request.targetProject === '' ? request.project : request.targetProject });
}

function copyRequest(request: CopyInstanceRequest__Output): CopyRequest {
  if (request.source === '') throw new Fault('invalid', 'The name of the instance is missing');
  const { source, snapshot, name, ephemeral, config, instanceOnly, refresh, pool } = request;
  if (refresh && name === '') throw new Fault('invalid', 'The name of the copy to refresh is missing');
  const profiles = request.noProfiles ? [] : request.profiles.length === 0 ? undefined : request.profiles;
  return {
    ...{ source, snapshot, name, ephemeral, config, instanceOnly, refresh, pool, profiles },
    project: projectOf(request),
    targetProject: targetOf(request),
    devices: decodeDevices(request.devices),
  };
}
