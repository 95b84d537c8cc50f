import type { Profile__Output } from '../../proto/gen/yurt/v1/Profile.ts';
import { printList } from '../output/print-list.ts';
import { profileRecord } from '../profiles/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { project } = context.global;
  const allProjects = input.flag('all-projects');
  await printList(
    context,
    input,
    {
      columns: {
        ...(allProjects ? { PROJECT: (profile: Profile__Output) => profile.project } : {}),
        NAME: ({ name }) => name,
        DESCRIPTION: ({ description }) => description,
        'USED BY': ({ usedBy }) => String(usedBy.length),
      },
      record: profileRecord,
    },
    async () =>
      (await (await context.connect()).call('ProfileService', 'ListProfiles', { project, allProjects })).profiles,
  );
}
