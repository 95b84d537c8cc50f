import type { ProfileServiceHandlers } from '../../proto/gen/yurt/v1/ProfileService.ts';
import { Fault } from '../base/fault.ts';
import { type Instance, resourceOf } from '../instances/instance.ts';
import type { ProfileChanges } from '../instances/profile-changes.ts';
import type { Profile, Profiles } from '../profiles/profile.ts';
import { decodeDevices } from './decode.ts';
import { encodeProfile } from './encode.ts';
import { checkOwner } from './gate.ts';
import { type ListRequest, projectOf } from './project.ts';
import type { Call, Handlers } from './router.ts';

export interface ProfileServiceDeps {
  readonly profiles: Profiles;
  readonly changes: ProfileChanges;
  /** The project whose profiles a project uses. */
  readonly home: (project: string) => Promise<string>;
  /** The instances of all projects that use the profiles that `project` uses. */
  readonly instances: (project: string) => Promise<readonly Instance[]>;
  /** The projects that have the profiles that a list is to show. */
  readonly homes: (request: ListRequest) => Promise<readonly string[]>;
}

export function profileService(deps: ProfileServiceDeps): Handlers<ProfileServiceHandlers> {
  const { profiles, changes, instances, homes } = deps;
  const encode = (profile: Profile, all: readonly Instance[]) =>
    encodeProfile(profile, all.filter((instance) => instance.profiles.includes(profile.name)).map(resourceOf));
  const visible = async ({ identity }: Call, project: string) =>
    (await instances(project)).filter((one) => identity.sight.role(one.project, one.name) !== undefined);
  const encodeNow = async (call: Call, profile: Profile) => ({
    profile: encode(profile, await visible(call, profile.project)),
  });
  const owned = async ({ identity }: Call, request: { readonly project: string }) => {
    const home = await deps.home(projectOf(request));
    checkOwner(identity, home, 'profiles');
    return home;
  };
  const listOf = async (call: Call, project: string) => {
    const all = await visible(call, project);
    return (await profiles.list(project)).map((profile) => encode(profile, all));
  };
  return {
    ListProfiles: async (call, request) => {
      const lists = await Promise.all((await homes(request)).map((project) => listOf(call, project)));
      return { profiles: lists.flat() };
    },
    GetProfile: async (call, request) =>
      await encodeNow(call, await profiles.get(await deps.home(projectOf(request)), named(request).name)),
    CreateProfile: async (call, request) =>
      await encodeNow(call, await changes.create(profileRequest(await owned(call, request), request))),
    UpdateProfile: async (call, request) => {
      const task = { signal: call.signal, log: call.log, report() {} };
      const { etag } = request;
      return await encodeNow(
        call,
        await changes.update(task, { ...profileRequest(await owned(call, request), request), etag }),
      );
    },
    RenameProfile: async (call, request) =>
      await encodeNow(call, await changes.rename(await owned(call, request), named(request).name, request.newName)),
    DeleteProfile: async (call, request) => {
      await changes.delete(await owned(call, request), named(request).name);
      return {};
    },
  };
}

interface Sent {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Parameters<typeof decodeDevices>[0];
}

function profileRequest(project: string, request: Sent) {
  const { name, description, config } = named(request);
  return { project, name, description, config, devices: decodeDevices(request.devices) };
}

function named<Request extends { readonly name: string }>(request: Request): Request {
  if (request.name === '') throw new Fault('invalid', 'The name of the profile is missing');
  return request;
}
