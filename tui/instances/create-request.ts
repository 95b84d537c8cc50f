import type { Device__Output } from '../../proto/gen/yurt/v1/Device.ts';
import { UsageError } from '../arguments/usage-error.ts';
import type { Connection } from '../client/connection.ts';
import type { Context, Input } from '../commands/command.ts';
import { type Devices, type Document, parseDocument } from '../config/document.ts';
import { deviceOptions, pairOf } from './device-options.ts';

export interface NewInstance {
  readonly image: string;
  readonly name: string;
  readonly project: string;
  readonly description: string;
  readonly ephemeral: boolean;
  readonly profiles: readonly string[];
  readonly noProfiles: boolean;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Readonly<Record<string, { options: Record<string, string> }>>;
}

/** What `init` and `launch` ask for: the document of stdin, and over it the options. */
export async function newInstance(
  context: Context,
  connection: Connection,
  input: Input,
  text: string | undefined,
): Promise<NewInstance> {
  const [image = '', name = ''] = input.arguments;
  const document: Document = text === undefined ? {} : await parseDocument(text, 'The document on stdin');
  const given = input.values('profile');
  const profiles = given.length > 0 ? given : (document.profiles ?? []);
  const noProfiles = input.flag('no-profiles') || (given.length === 0 && document.profiles?.length === 0);
  if (input.flag('no-profiles') && given.length > 0) throw new UsageError('Both --profile and --no-profiles given');
  const request = {
    image,
    name,
    project: context.global.project,
    description: input.value('description') ?? document.description ?? '',
    ephemeral: input.flag('ephemeral') || document.ephemeral === true,
    profiles: noProfiles ? [] : profiles,
    noProfiles,
    config: { ...document.config, ...Object.fromEntries(input.values('config').map(pairOf)) },
  };
  const inherited = needsProfiles(input) ? await profileDevices(connection, request) : {};
  const devices = withDeviceOptions(input, document.devices ?? {}, inherited);
  return {
    ...request,
    devices: Object.fromEntries(Object.entries(devices).map(([key, options]) => [key, { options }])),
  };
}

function needsProfiles(input: Input): boolean {
  return ['device', 'network', 'storage'].some((name) => input.values(name).length > 0);
}

/** Devices that the profiles bring, a later profile before an earlier one. */
async function profileDevices(
  connection: Connection,
  { profiles, noProfiles, project }: { profiles: readonly string[]; noProfiles: boolean; project: string },
): Promise<Devices> {
  if (noProfiles) return {};
  const names = profiles.length === 0 ? ['default'] : profiles;
  const answers = await Promise.all(
    names.map((name) => connection.call('ProfileService', 'GetProfile', { name, project })),
  );
  const devices: Devices = {};
  for (const { profile } of answers) {
    for (const [name, device] of Object.entries<Device__Output>(profile?.devices ?? {})) devices[name] = device.options;
  }
  return devices;
}

function withDeviceOptions(input: Input, own: Devices, inherited: Devices): Devices {
  const devices: Devices = structuredClone(own);
  const change = (name: string, options: Record<string, string>) => {
    devices[name] = { ...(devices[name] ?? inherited[name]), ...options };
  };
  const network = input.value('network');
  if (network !== undefined) devices['eth0'] = { type: 'nic', name: 'eth0', network };
  const pool = input.value('storage');
  if (pool !== undefined) {
    const isRoot = ([, options]: [string, Record<string, string>]) =>
      options['type'] === 'disk' && options['path'] === '/';
    const [name] = Object.entries({ ...inherited, ...devices }).find(isRoot) ?? ['root'];
    change(name, { type: 'disk', path: '/', pool });
  }
  for (const [name, { options }] of Object.entries(deviceOptions(input.values('device')))) change(name, options);
  return devices;
}
