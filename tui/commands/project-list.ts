import type { Project__Output } from '../../proto/gen/yurt/v1/Project.ts';
import { listColumns } from '../output/list-columns.ts';
import { printList } from '../output/print-list.ts';
import { projectRecord } from '../projects/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const current = context.global.project === '' ? 'default' : context.global.project;
  const has = (feature: string) => (project: Project__Output) =>
    project.name === 'default' || project.config[`features.${feature}`] === 'true' ? 'YES' : 'NO';
  await printList(
    context,
    input,
    {
      columns: {
        NAME: ({ name }) => (name === current ? `${name} (current)` : name),
        IMAGES: has('images'),
        PROFILES: has('profiles'),
        'STORAGE VOLUMES': has('storage.volumes'),
        DESCRIPTION: ({ description }) => description,
        'USED BY': ({ usedBy }) => String(usedBy.length),
      },
      letters: listColumns.project,
      record: projectRecord,
    },
    async () => (await (await context.connect()).call('ProjectService', 'ListProjects', {})).projects,
  );
}
