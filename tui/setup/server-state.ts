import type { Network__Output } from '../../proto/gen/yurt/v1/Network.ts';
import type { Project__Output } from '../../proto/gen/yurt/v1/Project.ts';
import type { StoragePool__Output } from '../../proto/gen/yurt/v1/StoragePool.ts';
import type { Connection } from '../client/connection.ts';
import type { Devices } from '../config/document.ts';
import { devicesRecord } from '../instances/record.ts';
import type { Preseed } from './preseed.ts';

export interface ProfileState {
  readonly name: string;
  readonly project: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
  readonly etag: string;
}

/** What a server is set up as, at one moment. */
export interface ServerState {
  readonly config: Readonly<Record<string, string>>;
  readonly configEtag: string;
  /** Those that yurt manages. */
  readonly networks: readonly Network__Output[];
  readonly pools: readonly StoragePool__Output[];
  readonly projects: readonly Project__Output[];
  readonly profiles: readonly ProfileState[];
  readonly instanceCount: number;
}

export async function readServerState(connection: Connection): Promise<ServerState> {
  const [config, networks, pools, projects, profiles, server] = await Promise.all([
    connection.call('ServerService', 'GetServerConfig', {}),
    connection.call('NetworkService', 'ListNetworks', {}),
    connection.call('StorageService', 'ListStoragePools', {}),
    connection.call('ProjectService', 'ListProjects', {}),
    connection.call('ProfileService', 'ListProfiles', { allProjects: true }),
    connection.call('ServerService', 'GetServer', {}),
  ]);
  return {
    ...{ config: config.config, configEtag: config.etag, pools: pools.pools, projects: projects.projects },
    networks: networks.networks.filter(({ managed }) => managed),
    profiles: profiles.profiles.map(({ devices, ...profile }) => ({ ...profile, devices: devicesRecord(devices) })),
    instanceCount: server.server?.instanceCount ?? 0,
  };
}

/** What makes another server like it, as far as a preseed can. */
export function preseedOf({ config, networks, pools, projects, profiles }: ServerState): Preseed {
  return {
    config,
    networks: networks.map(({ name, type, description, config: own }) => ({
      ...{ name, type, description, config: chosenBy(own) },
    })),
    // Where a pool lies is the server's own affair.
    storagePools: pools.map(({ name, driver, description, config: { source: _source, ...own } }) => ({
      ...{ name, driver, description, config: own },
    })),
    projects: projects.map(({ name, description, config: own }) => ({ name, description, config: own })),
    profiles: profiles.map(({ name, project, description, config: own, devices }) => ({
      ...{ name, project, description, config: own, devices },
    })),
  };
}

/** Each server chooses a subnet that is free at its own place. */
function chosenBy(config: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(config).map(([key, value]) => {
    const isSubnet = (key === 'ipv4.address' || key === 'ipv6.address') && value !== 'none';
    return [key, isSubnet ? 'auto' : value];
  });
  return Object.fromEntries(entries);
}
