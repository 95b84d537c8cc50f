import type { Device__Output } from '../../proto/gen/yurt/v1/Device.ts';
import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { devicesRecord, instanceRecord } from '../instances/record.ts';
import type { Devices } from './document.ts';
import { type Content, inOrder, type Reading, type Subject } from './subject.ts';

/** The configuration of an instance. */
export async function instanceSubject(context: Context, name: string): Promise<Subject> {
  const connection = await context.connect();
  const { project } = context.global;
  return {
    label: `instance "${name}"`,
    name,
    read: async () => readingOf(await getInstance(connection, project, name), name),
    write: async (content, etag) => {
      const request = { name, project, etag, ...instanceRequest(content) };
      const { instance } = await connection.call('InstanceService', 'UpdateInstance', request);
      return readingOf(instance, name);
    },
  };
}

async function getInstance(connection: Connection, project: string, name: string): Promise<Instance__Output | null> {
  return (await connection.call('InstanceService', 'GetInstance', { name, project, withoutState: true })).instance;
}

function readingOf(instance: Instance__Output | null, name: string): Reading {
  if (instance === null) throw new Failure(`The server answered without instance "${name}"`);
  const { description, config, ephemeral, profiles, etag, expandedConfig } = instance;
  const expanded = { config: expandedConfig, devices: devicesRecord(instance.expandedDevices) };
  return {
    content: { description, config, devices: devicesRecord(instance.devices), ephemeral, profiles },
    ...{ etag, expanded },
    record: (withProfiles) => {
      const {
        expanded_config: _config,
        expanded_devices: _devices,
        snapshot_count: _count,
        state: _state,
        ...shown
      } = instanceRecord(instance);
      return inOrder(withProfiles ? { ...shown, ...expanded } : shown);
    },
  };
}

function instanceRequest({ description, config, devices, ephemeral = false, profiles = [] }: Content) {
  return { description, config, devices: deviceMessages(devices), ephemeral, profiles: [...profiles] };
}

/** Devices as the API has them. */
export function deviceMessages(devices: Devices): Record<string, Device__Output> {
  return Object.fromEntries(Object.entries(devices).map(([name, options]) => [name, { options }]));
}
