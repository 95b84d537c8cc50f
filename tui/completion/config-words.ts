import type { ConfigKey__Output } from '../../proto/gen/yurt/v1/ConfigKey.ts';
import type { Device__Output } from '../../proto/gen/yurt/v1/Device.ts';
import type { CallOptions, Connection } from '../client/connection.ts';
import type { Names, Place } from './candidates.ts';

const configWordKinds = [
  'instance-keys',
  'instance-settings',
  'instance-devices',
  'instance-templates',
  'profile-devices',
  'device-types',
  'device-options',
  'device-settings',
] as const;

/** Words of a configuration, as the tables of the server have them. */
export type ConfigWord = (typeof configWordKinds)[number];

export function isConfigWord(kind: Parameters<Names>[0]): kind is ConfigWord {
  return configWordKinds.some((known) => known === kind);
}

/** What the configuration of an object is now. */
interface Configured {
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Readonly<Record<string, Device__Output>>;
}

export async function configWords(
  connection: Connection,
  kind: ConfigWord,
  place: Place,
  from: { readonly project: string; readonly timeoutMs: number },
): Promise<string[]> {
  const options = { timeoutMs: from.timeoutMs };
  const read = () => configured(connection, place, from.project, options);
  switch (kind) {
    case 'instance-keys':
      return await keyWords(connection, place, read, options);
    case 'instance-settings':
      return settings(await keysOf(connection, place, options), place.current);
    case 'instance-devices':
    case 'profile-devices':
      return Object.keys((await read()).devices);
    case 'instance-templates': {
      const request = { instance: place.before[0] ?? '', project: from.project };
      return (await connection.call('MetadataService', 'ListTemplates', request, options)).names;
    }
    case 'device-types':
      return (await connection.call('ServerService', 'ListDeviceTypes', {}, options)).types.map(({ type }) => type);
    case 'device-options':
      return await deviceOptions(connection, place, read, options);
    case 'device-settings':
      return (await deviceOptions(connection, place, read, options)).map((name) => `${name}=`);
  }
}

/** Keys of the table, and those that are set: of an open prefix only these are known. */
async function keyWords(
  connection: Connection,
  place: Place,
  read: () => Promise<Configured>,
  options: CallOptions,
): Promise<string[]> {
  const [table, { config }] = await Promise.all([keysOf(connection, place, options), read()]);
  return [...table.map(({ key }) => key).filter((key) => !key.endsWith('*')), ...Object.keys(config)];
}

async function keysOf(
  connection: Connection,
  { path }: Place,
  options: CallOptions,
): Promise<readonly ConfigKey__Output[]> {
  const kind = path[0] === 'profile' ? 'profile' : 'instance';
  return (await connection.call('ServerService', 'ListConfigKeys', { kind }, options)).keys;
}

/** `limits.memory=`, and behind the `=` of a boolean its two values. */
function settings(table: readonly ConfigKey__Output[], current: string): string[] {
  const split = current.indexOf('=') + 1;
  if (split === 0) return table.map(({ key }) => `${key}=`).filter((word) => !word.endsWith('*='));
  const known = table.find(({ key }) => `${key}=` === current.slice(0, split));
  return known?.type === 'boolean' ? ['true', 'false'].map((value) => `${known.key}=${value}`) : [];
}

/** Options of the type that a new device is given, or that the named device has. */
async function deviceOptions(
  connection: Connection,
  { before }: Place,
  read: () => Promise<Configured>,
  options: CallOptions,
): Promise<string[]> {
  const [, device = '', given = ''] = before;
  const { types } = await connection.call('ServerService', 'ListDeviceTypes', {}, options);
  const isKnown = (name: string | undefined) => types.find(({ type }) => type === name);
  const type = isKnown(given) ?? isKnown((await read()).devices[device]?.options['type']);
  return (type?.options ?? []).map(({ name }) => name);
}

/** The object that the first argument names, with all devices that it can override. */
async function configured(
  connection: Connection,
  { path, before }: Place,
  project: string,
  options: CallOptions,
): Promise<Configured> {
  const [name = ''] = before;
  if (path[0] === 'profile') {
    const { profile } = await connection.call('ProfileService', 'GetProfile', { name, project }, options);
    return { config: profile?.config ?? {}, devices: profile?.devices ?? {} };
  }
  const { instance } = await connection.call(
    'InstanceService',
    'GetInstance',
    { name, project, withoutState: true },
    options,
  );
  const devices = path.at(-1) === 'override' ? instance?.expandedDevices : instance?.devices;
  return { config: instance?.config ?? {}, devices: devices ?? {} };
}
