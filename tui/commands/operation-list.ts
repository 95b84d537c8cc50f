import { operationRecord, operationStatus } from '../operations/record.ts';
import { printList } from '../output/print-list.ts';
import { dateOf, minuteOf } from '../output/units.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  await printList(
    context,
    input,
    {
      columns: {
        ID: ({ id }) => id,
        TYPE: ({ kind }) => kind,
        DESCRIPTION: ({ description }) => description,
        STATE: (operation) => operationStatus(operation).toUpperCase(),
        CANCELABLE: ({ cancelable }) => (cancelable ? 'YES' : 'NO'),
        CREATED: ({ createdAt }) => minuteOf(dateOf(createdAt)),
      },
      record: operationRecord,
    },
    async () => {
      const { operations } = await (await context.connect()).call('OperationService', 'ListOperations', {
        project: context.global.project,
        allProjects: input.flag('all-projects'),
      });
      const age = (operation: (typeof operations)[number]) => dateOf(operation.createdAt)?.getTime() ?? 0;
      return operations.sort((a, b) => age(a) - age(b));
    },
    true,
  );
}
