import type { ProjectResource__Output } from '../../proto/gen/yurt/v1/ProjectResource.ts';
import { printList } from '../output/print-list.ts';
import { byteSize } from '../output/units.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [given] = input.arguments;
  const name = given ?? (context.global.project === '' ? 'default' : context.global.project);
  const amount = ({ unit }: ProjectResource__Output, value: number) =>
    unit === 'bytes' ? byteSize(value) : String(value);
  await printList(
    context,
    input,
    {
      columns: {
        RESOURCE: ({ name: resource }) => resource.toUpperCase(),
        LIMIT: (resource) => (resource.limited ? amount(resource, resource.limit) : 'UNLIMITED'),
        USAGE: (resource) => amount(resource, resource.used),
      },
      record: ({ name: resource, limited, limit, used }) => ({ resource, limit: limited ? limit : -1, usage: used }),
    },
    async () => (await (await context.connect()).call('ProjectService', 'GetProjectUsage', { name })).resources,
  );
}
