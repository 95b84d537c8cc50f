import { listColumns } from '../output/list-columns.ts';
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
        PROJECT: ({ project: of }) => of,
        NAME: ({ name }) => name,
        DESCRIPTION: ({ description }) => description,
        'USED BY': ({ usedBy }) => String(usedBy.length),
      },
      letters: listColumns.profile,
      ...(allProjects ? {} : { shown: ['NAME', 'DESCRIPTION', 'USED BY'] }),
      record: profileRecord,
    },
    async () =>
      (await (await context.connect()).call('ProfileService', 'ListProfiles', { project, allProjects })).profiles,
  );
}
