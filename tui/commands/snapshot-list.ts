import type { Snapshot__Output } from '../../proto/gen/yurt/v1/Snapshot.ts';
import { printList } from '../output/print-list.ts';
import { dateOf, minuteOf } from '../output/units.ts';
import { snapshotRecord } from '../snapshots/record.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [instance = ''] = input.arguments;
  // A walk through the files of each: only where it is shown.
  const diskUsage = ['json', 'yaml'].includes(input.value('format') ?? '');
  const facts = {
    NAME: ({ name }: Snapshot__Output) => name,
    'TAKEN AT': ({ createdAt }: Snapshot__Output) => minuteOf(dateOf(createdAt)),
    'EXPIRES AT': ({ expiresAt }: Snapshot__Output) => minuteOf(dateOf(expiresAt)),
    STATEFUL: ({ stateful }: Snapshot__Output) => (stateful ? 'YES' : 'NO'),
  };
  const columns = instance === '' ? { INSTANCE: (snapshot: Snapshot__Output) => snapshot.instance, ...facts } : facts;
  await printList(
    context,
    input,
    { columns, record: snapshotRecord },
    async () => {
      const request = { project: context.global.project, instance, diskUsage };
      const { snapshots } = await (await context.connect()).call('SnapshotService', 'ListSnapshots', request);
      return snapshots;
    },
    true,
  );
}
