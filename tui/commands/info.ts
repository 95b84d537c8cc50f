import type { Snapshot__Output } from '../../proto/gen/yurt/v1/Snapshot.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { instanceInfo, snapshotLines } from '../instances/info.ts';
import { toYaml } from '../output/format.ts';
import { printableLines } from '../output/printable.ts';
import type { Context, Input } from './command.ts';

async function snapshotsOf(connection: Connection, instance: string, project: string): Promise<Snapshot__Output[]> {
  const { snapshots } = await connection.call('SnapshotService', 'ListSnapshots', {
    instance,
    project,
    diskUsage: true,
  });
  return snapshots;
}

/** How much of the end of the log is shown. */
const maxLogBytes = 64 * 1024;

export async function run(context: Context, input: Input): Promise<void> {
  const [name] = input.arguments;
  const connection = await context.connect();
  const { terminal, global } = context;
  if (name === undefined) {
    const { server } = await connection.call('ServerService', 'GetServer', {});
    if (server === null) throw new Failure('The server answered without a description of itself');
    const { serverRecord } = await import('../server/record.ts');
    await terminal.output.write(await toYaml(serverRecord(server)));
    return;
  }
  const { instance } = await connection.call('InstanceService', 'GetInstance', { name, project: global.project });
  if (instance === null) throw new Failure(`The server answered without instance "${name}"`);
  const snapshots = instance.snapshotCount === 0 ? [] : await snapshotsOf(connection, name, global.project);
  await terminal.output.write(instanceInfo(instance) + snapshotLines(snapshots));
  if (!input.flag('show-log')) return;
  let log = Buffer.alloc(0);
  const chunks = connection.watch('ConsoleService', 'GetConsoleLog', { instance: name, project: global.project });
  for await (const { output } of chunks) log = Buffer.concat([log, output]).subarray(-maxLogBytes);
  const text = log.toString('utf8').replaceAll('\r\n', '\n').trimEnd();
  await terminal.output.write(`\nLog:\n\n${printableLines(text)}\n`);
}
