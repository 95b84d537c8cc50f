import type { ProfileServiceHandlers } from '../../proto/gen/yurt/v1/ProfileService.ts';
import { Fault } from '../base/fault.ts';
import { type Instance, resourceOf } from '../instances/instance.ts';
import type { ProfileChanges } from '../instances/profile-changes.ts';
import type { Profile, Profiles } from '../profiles/profile.ts';
import { decodeDevices } from './decode.ts';
import { encodeProfile } from './encode.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export interface ProfileServiceDeps {
  readonly profiles: Profiles;
  readonly changes: ProfileChanges;
  readonly instances: (project: string) => Promise<readonly Instance[]>;
}

export function profileService(deps: ProfileServiceDeps): Handlers<ProfileServiceHandlers> {
  const { profiles, changes, instances } = deps;
  const encode = (profile: Profile, all: readonly Instance[]) =>
    encodeProfile(profile, all.filter((instance) => instance.profiles.includes(profile.name)).map(resourceOf));
  const encodeNow = async (profile: Profile) => ({ profile: encode(profile, await instances(profile.project)) });
  return {
    ListProfiles: async (_call, request) => {
      const project = projectOf(request);
      const all = await instances(project);
      return { profiles: (await profiles.list(project)).map((profile) => encode(profile, all)) };
    },
    GetProfile: async (_call, request) => await encodeNow(await profiles.get(projectOf(request), named(request).name)),
    CreateProfile: async (_call, request) => await encodeNow(await changes.create(profileRequest(request))),
    UpdateProfile: async (call, request) => {
      const task = { signal: call.signal, log: call.log, report() {} };
      return await encodeNow(await changes.update(task, { ...profileRequest(request), etag: request.etag }));
    },
    RenameProfile: async (_call, request) =>
      await encodeNow(await changes.rename(projectOf(request), named(request).name, request.newName)),
    DeleteProfile: async (_call, request) => {
      await changes.delete(projectOf(request), named(request).name);
      return {};
    },
  };
}

interface Sent {
  readonly name: string;
  readonly project: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Parameters<typeof decodeDevices>[0];
}

function profileRequest(request: Sent) {
  const { name, description, config } = named(request);
  return { project: projectOf(request), name, description, config, devices: decodeDevices(request.devices) };
}

function named<Request extends { readonly name: string }>(request: Request): Request {
  if (request.name === '') throw new Fault('invalid', 'The name of the profile is missing');
  return request;
}
