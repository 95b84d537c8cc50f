import type { Connection } from '../client/connection.ts';
import { naturalOrder } from '../output/natural-order.ts';
import type { Names, Place } from './candidates.ts';
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
        : fetchNames(await connect(), kind, place, { project, timeoutMs }));
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
  place: Place,
  from: { readonly project: string; readonly timeoutMs: number },
): Promise<string[]> {
  const { project, timeoutMs } = from;
  const options = { timeoutMs };
  const slash = place.current.indexOf('/');
  if (kind === 'snapshots' || (kind === 'instances-and-snapshots' && slash > 0)) {
    const [instance, prefix] =
      kind === 'snapshots'
        ? [place.before[0] ?? '', '']
        : [place.current.slice(0, slash), place.current.slice(0, slash + 1)];
    const { snapshots } = await connection.call('SnapshotService', 'ListSnapshots', { project, instance }, options);
    return snapshots.map(({ name }) => prefix + name);
  }
  if (kind === 'instances' || kind === 'instances-and-snapshots') {
    const request = { project, withoutState: true, withoutConfig: true };
    const { instances } = await connection.call('InstanceService', 'ListInstances', request, options);
    return instances.map(({ name }) => name);
  }
  if (kind === 'images') {
    const [local, buildable] = await Promise.all([
      connection.call('ImageService', 'ListImages', { project }, options),
      fetchNames(connection, 'buildable-images', place, from).catch(() => []),
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
  if (kind === 'groups') {
    const { groups } = await connection.call('AuthService', 'ListGroups', {}, options);
    return groups.map(({ name }) => name);
  }
  if (kind === 'identities') {
    const { clients } = await connection.call('TrustService', 'ListTrustedClients', {}, options);
    return clients.map(({ name }) => name);
  }
  if (kind === 'pools') {
    const { pools } = await connection.call('StorageService', 'ListStoragePools', {}, options);
    return pools.map(({ name }) => name);
  }
  if (kind === 'sessions') {
    const { sessions } = await connection.call('SessionService', 'ListSessions', { project }, options);
    return sessions.map(({ id }) => id);
  }
  const { operations } = await connection.call('OperationService', 'ListOperations', { project }, options);
  return operations.map(({ id }) => id);
}
