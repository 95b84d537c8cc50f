import type { Profile__Output } from '../../proto/gen/yurt/v1/Profile.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { devicesRecord } from '../instances/record.ts';
import { profileRecord } from '../profiles/record.ts';
import { deviceMessages } from './instance-subject.ts';
import { inOrder, type Reading, type Subject } from './subject.ts';

/** The content of a profile. */
export async function profileSubject(context: Context, name: string): Promise<Subject> {
  const connection = await context.connect();
  const { project } = context.global;
  return {
    label: `profile "${name}"`,
    name,
    read: async () =>
      readingOf((await connection.call('ProfileService', 'GetProfile', { name, project })).profile, name),
    write: async ({ description, config, devices }, etag) => {
      const request = { name, project, etag, description, config, devices: deviceMessages(devices) };
      return readingOf((await connection.call('ProfileService', 'UpdateProfile', request)).profile, name);
    },
  };
}

function readingOf(profile: Profile__Output | null, name: string): Reading {
  if (profile === null) throw new Failure(`The server answered without profile "${name}"`);
  const { description, config, etag } = profile;
  const devices = devicesRecord(profile.devices);
  return {
    content: { description, config, devices },
    ...{ etag, expanded: { config, devices } },
    record: () => inOrder(profileRecord(profile)),
  };
}
