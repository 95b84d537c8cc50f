import type { ProfileServiceHandlers } from '../../proto/gen/yurt/v1/ProfileService.ts';
import { type Instance, resourceOf } from '../instances/instance.ts';
import type { Profile, Profiles } from '../profiles/profile.ts';
import { encodeProfile } from './encode.ts';
import { type ListRequest, projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export interface ProfileServiceDeps {
  readonly profiles: Profiles;
  /** The instances of all projects that use the profiles that `project` uses. */
  readonly instances: (project: string) => Promise<readonly Instance[]>;
  /** The projects that have the profiles that a list is to show. */
  readonly homes: (request: ListRequest) => Promise<readonly string[]>;
}

export function profileService({ profiles, instances, homes }: ProfileServiceDeps): Handlers<ProfileServiceHandlers> {
  const encode = (profile: Profile, all: readonly Instance[]) =>
    encodeProfile(profile, all.filter((instance) => instance.profiles.includes(profile.name)).map(resourceOf));
  const listOf = async (project: string) => {
    const all = await instances(project);
    return (await profiles.list(project)).map((profile) => encode(profile, all));
  };
  return {
    ListProfiles: async (_call, request) => {
      const lists = await Promise.all((await homes(request)).map(listOf));
      return { profiles: lists.flat() };
    },
    GetProfile: async (_call, request) => {
      const project = projectOf(request);
      return { profile: encode(await profiles.get(project, request.name), await instances(project)) };
    },
  };
}
