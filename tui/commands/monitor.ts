import type { Event__Output } from '../../proto/gen/yurt/v1/Event.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { followEvents } from '../events/follow-events.ts';
import { eventLine, eventRecord } from '../events/record.ts';
import { WatchedLink } from '../events/watched-link.ts';
import { toJson, toYaml } from '../output/format.ts';
import type { Context, Input } from './command.ts';

const types = ['lifecycle', 'operation', 'logging', 'audit'];

export async function run(context: Context, input: Input): Promise<number> {
  const wanted = input.values('type');
  const wrong = wanted.find((type) => !types.includes(type));
  if (wrong !== undefined) throw new UsageError(`Unknown event type "${wrong}": it is one of ${types.join(', ')}`);
  const format = input.flag('pretty') ? 'pretty' : (input.value('format') ?? 'yaml');
  if (!['json', 'yaml', 'pretty'].includes(format)) {
    throw new UsageError(`Invalid format "${format}": it is json, yaml or pretty`);
  }
  const stop = new AbortController();
  const { project } = context.global;
  const request = { types: [...wanted], project, allProjects: input.flag('all-projects') };
  const off = context.terminal.onSignal('SIGINT', () => stop.abort());
  const link = new WatchedLink((line) => context.terminal.error.write(`${line}\n`));
  try {
    for await (const news of followEvents(() => context.connect(), request, stop.signal)) {
      if (news.kind === 'event') await context.terminal.output.write(await textOf(news.event, format));
      else await link.tell(news);
    }
    return 130;
  } finally {
    off();
  }
}

async function textOf(event: Event__Output, format: string): Promise<string> {
  if (format === 'pretty') return eventLine(event);
  return format === 'json' ? toJson(eventRecord(event)) : `${await toYaml(eventRecord(event))}\n`;
}
