import type { NetworkServiceHandlers } from '../../proto/gen/yurt/v1/NetworkService.ts';
import type { NetworkStatus } from '../networks/contract.ts';
import type { NetworkRecord } from '../networks/network.ts';
import type { UnmanagedLink } from '../networks/unmanaged.ts';
import { defaultProject } from '../projects/project.ts';
import type { Handlers } from './router.ts';
import type { Sight } from './sight.ts';

export interface NetworkServiceDeps {
  readonly managed: () => { record: NetworkRecord; status: NetworkStatus }[];
  /** Links of the host that are not yurt's. */
  readonly unmanaged: () => Promise<readonly UnmanagedLink[]>;
  /** Instances that a caller sees. */
  readonly usedBy: (network: string, sight: Sight) => Promise<readonly string[]>;
}

export function networkService(deps: NetworkServiceDeps): Handlers<NetworkServiceHandlers> {
  return {
    ListNetworks: async ({ identity }) => {
      // Networks are the host's: all projects share those of the default one.
      const project = defaultProject;
      const managed = deps.managed().map(async ({ record, status }) => ({
        name: record.name,
        project,
        type: record.type,
        managed: true,
        description: record.description,
        config: record.config,
        status: status.status,
        statusDetail: status.status === 'unavailable' ? status.detail : '',
        usedBy: [...(await deps.usedBy(record.name, identity.sight))],
      }));
      const unmanaged = (await deps.unmanaged()).map(({ name, type }) => ({ name, project, type, managed: false }));
      return { networks: [...(await Promise.all(managed)), ...unmanaged] };
    },
  };
}
