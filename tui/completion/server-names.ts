import type { Connection } from '../client/connection.ts';
import { naturalOrder } from '../output/natural-order.ts';
import type { Names } from './candidates.ts';
import { type ConfigWord, configWords, isConfigWord } from './config-words.ts';

/** Nobody waits longer for a completion. */
const longestMs = 500;

type Kind = Parameters<Names>[0];

const maxNames = 2000;

/** Asks the server for names. No answer in time, or no server: no names. */
export function serverNames(connect: () => Promise<Connection>, project: string, timeoutMs = longestMs): Names {
  return async (kind, place) => {
    try {
      const names = await (isConfigWord(kind)
        ? configWords(await connect(), kind, place, { project, timeoutMs })
        : fetchNames(await connect(), kind, project, timeoutMs));
      return [...new Set(names)].sort(naturalOrder).slice(0, maxNames);
    } catch {
      // A completion has nowhere to say what went wrong.
      return [];
    }
  };
}

async function fetchNames(
  connection: Connection,
  kind: Exclude<Kind, ConfigWord>,
  project: string,
  timeoutMs: number,
): Promise<string[]> {
  const options = { timeoutMs };
  if (kind === 'instances') {
    const request = { project, withoutState: true, withoutConfig: true };
    const { instances } = await connection.call('InstanceService', 'ListInstances', request, options);
    return instances.map(({ name }) => name);
  }
  if (kind === 'images') {
    const [local, buildable] = await Promise.all([
      connection.call('ImageService', 'ListImages', { project }, options),
      fetchNames(connection, 'buildable-images', project, timeoutMs).catch(() => []),
    ]);
    return [...local.images.flatMap(({ aliases }) => aliases.map(({ name }) => name)), ...buildable];
  }
  if (kind === 'buildable-images') {
    const { recipes } = await connection.call('ImageService', 'ListRecipes', {}, options);
    return recipes.flatMap(({ images }) => images);
  }
  if (kind === 'profiles') {
    const { profiles } = await connection.call('ProfileService', 'ListProfiles', { project }, options);
    return profiles.map(({ name }) => name);
  }
  if (kind === 'networks') {
    const { networks } = await connection.call('NetworkService', 'ListNetworks', { project }, options);
    return networks.map(({ name }) => name);
  }
  if (kind === 'projects') {
    const { projects } = await connection.call('ProjectService', 'ListProjects', {}, options);
    return projects.map(({ name }) => name);
  }
  if (kind === 'pools') {
    const { pools } = await connection.call('StorageService', 'ListStoragePools', {}, options);
    return pools.map(({ name }) => name);
  }
  const { operations } = await connection.call('OperationService', 'ListOperations', { project }, options);
  return operations.map(({ id }) => id);
}
