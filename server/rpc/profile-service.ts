import type { ProfileServiceHandlers } from '../../proto/gen/yurt/v1/ProfileService.ts';
import { type Instance, resourceOf } from '../instances/instance.ts';
import type { Profile, Profiles } from '../profiles/profile.ts';
import { encodeProfile } from './encode.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export interface ProfileServiceDeps {
  readonly profiles: Profiles;
  readonly instances: (project: string) => Promise<readonly Instance[]>;
}

export function profileService({ profiles, instances }: ProfileServiceDeps): Handlers<ProfileServiceHandlers> {
  const encode = (profile: Profile, all: readonly Instance[]) =>
    encodeProfile(profile, all.filter((instance) => instance.profiles.includes(profile.name)).map(resourceOf));
  return {
    ListProfiles: async (_call, request) => {
      const project = projectOf(request);
      const all = await instances(project);
      return { profiles: (await profiles.list(project)).map((profile) => encode(profile, all)) };
    },
    GetProfile: async (_call, request) => {
      const project = projectOf(request);
      return { profile: encode(await profiles.get(project, request.name), await instances(project)) };
    },
  };
}
