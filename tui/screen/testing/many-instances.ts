import type { ScriptedServer } from '../../testing/scripted-server.ts';
import { sampleInstance } from './sample-instance.ts';

/** A scripted server with this many instances, nine of ten running, whose figures move; the way it is asked is the real one. */
export function withInstances(server: ScriptedServer, count: number): void {
  const start = Date.now();
  const samples = Array.from({ length: count }, (_, index) => ({
    name: `instance-${String(index).padStart(4, '0')}`,
    status: index % 10 === 9 ? ('STOPPED' as const) : ('RUNNING' as const),
    ...{ address: index % 250, memoryMiB: 40 + (index % 500), limitMiB: 512, cpu: (index % 17) / 20, hours: index },
  }));
  const all = () => samples.map((sample) => sampleInstance(sample, start, (Date.now() - start) / 1000));
  const none = { config: {}, devices: {}, expandedConfig: {}, expandedDevices: {} };
  server
    .on('InstanceService', 'ListInstances', ({ withoutConfig }) => ({
      instances: withoutConfig ? all().map((instance) => ({ ...instance, ...none })) : all(),
    }))
    .on('ImageService', 'ListImages', () => ({ images: [] }))
    .on('ImageService', 'ListRecipes', () => ({ recipes: [] }))
    .on('ProfileService', 'ListProfiles', () => ({ profiles: [] }))
    .on('NetworkService', 'ListNetworks', () => ({ networks: [] }))
    .on('StorageService', 'ListStoragePools', () => ({ pools: [] }))
    .on('ProjectService', 'ListProjects', () => ({ projects: [] }))
    .on('OperationService', 'ListOperations', () => ({ operations: [] }))
    .on('ServerService', 'GetServer', () => ({ server: { name: 'simulated' } }))
    .onStream('EventService', 'WatchEvents', (call) => {
      call.write({ event: { cursor: 'x-0', begun: {} } });
    });
}
