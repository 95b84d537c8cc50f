import { UsageError } from '../arguments/usage-error.ts';
import { eventLine, eventRecord } from '../events/record.ts';
import { toJson, toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

const types = ['lifecycle', 'operation', 'logging', 'audit'];

export async function run(context: Context, input: Input): Promise<number> {
  const wanted = input.values('type');
  const wrong = wanted.find((type) => !types.includes(type));
  if (wrong !== undefined) throw new UsageError(`Unknown event type "${wrong}": it is one of ${types.join(', ')}`);
  const format = input.flag('pretty') ? 'pretty' : (input.value('format') ?? 'yaml');
  if (!['json', 'yaml', 'pretty'].includes(format)) throw new UsageError(`Invalid format "${format}"`);
  const connection = await context.connect();
  const stop = new AbortController();
  const { project } = context.global;
  const request = { types: [...wanted], project, allProjects: input.flag('all-projects') };
  const off = context.terminal.onSignal('SIGINT', () => stop.abort());
  try {
    const events = connection.watch('EventService', 'WatchEvents', request, { signal: stop.signal });
    for await (const { event } of events) {
      if (event === null || event.payload === 'begun') continue;
      const text =
        format === 'pretty'
          ? eventLine(event)
          : format === 'json'
            ? toJson(eventRecord(event))
            : `${await toYaml(eventRecord(event))}\n`;
      await context.terminal.output.write(text);
    }
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    off();
  }
}
