import { UsageError } from '../arguments/usage-error.ts';
import { Failure } from '../client/failure.ts';
import { followEvents } from '../events/follow-events.ts';
import { WatchedLink } from '../events/watched-link.ts';
import { parseCondition } from '../instances/wait.ts';
import type { Context, Input } from './command.ts';

/** Waits by the events of the server: it looks once, and then whenever something happens to the instance. */
export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', condition = ''] = input.arguments;
  const holds = parseCondition(condition);
  const timeoutMs = timeoutOf(input);
  const stop = new AbortController();
  const off = context.terminal.onSignal('SIGINT', () => stop.abort());
  let late = false;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          stop.abort();
        }, timeoutMs);
  try {
    await waitUntil(context, name, holds, stop.signal);
  } catch (error) {
    if (late)
      throw new Failure(`Instance "${name}" did not get "${condition}" within ${input.value('timeout')} seconds`);
    if (stop.signal.aborted) throw new Failure('', { exitCode: 130 });
    throw error;
  } finally {
    clearTimeout(timer);
    off();
  }
}

async function waitUntil(
  context: Context,
  name: string,
  holds: ReturnType<typeof parseCondition>,
  signal: AbortSignal,
): Promise<void> {
  const { project } = context.global;
  const isTrue = async () => {
    const { instance } = await (await context.connect()).call(
      'InstanceService',
      'GetInstance',
      { name, project },
      { signal },
    );
    return instance !== null && holds(instance);
  };
  const request = { types: ['lifecycle'], project };
  const link = new WatchedLink(async () => {});
  for await (const news of followEvents(() => context.connect(), request, signal)) {
    if (news.kind !== 'event') await link.tell(news);
    // A stream begins before the look at its beginning: nothing that happens in between is missed.
    const concerns =
      news.kind === 'begun' || (news.kind === 'event' && news.event.lifecycle?.source === `instance/${name}`);
    if (concerns && (await isTrue())) return;
  }
  throw new Failure('Canceled', { exitCode: 130 });
}

function timeoutOf(input: Input): number | undefined {
  const text = input.value('timeout');
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const maxSeconds = 2_000_000; // what a timer can count
  if (!(seconds >= 0 && seconds <= maxSeconds) || text === '') {
    throw new UsageError(`Invalid timeout "${text}": it is a number of seconds`);
  }
  return seconds * 1000;
}
