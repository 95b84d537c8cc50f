import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import type { Operation__Output } from '../../proto/gen/yurt/v1/Operation.ts';
import { UsageError } from '../arguments/usage-error.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { waitFor } from '../client/operation.ts';
import type { Context, Input } from '../commands/command.ts';
import { printable, printableLines } from '../output/printable.ts';

type Begin = (connection: Connection, name: string) => Promise<{ readonly operation: Operation__Output | null }>;

/** How many instances are worked on at once. */
const maxParallel = 16;

/**
 * Does something with each of the named instances (or other `nouns`), side by side. One name fails with its own error; several print
 * `name: error: …` each and then `Some instances failed to <verb>`.
 */
export async function onEach(
  context: Context,
  names: readonly string[],
  verb: string,
  begin: Begin,
  nouns = 'instances',
  parallel = maxParallel,
): Promise<void> {
  const connection = await context.connect();
  const unique = [...new Set(names)];
  const one = async (name: string): Promise<void> => {
    const { operation } = await begin(connection, name);
    await waitFor(context, connection, operation, { silent: unique.length > 1 });
  };
  const [single] = unique;
  if (single === undefined) return;
  if (unique.length === 1) return await one(single);
  let failed = false;
  let interrupted = false;
  const queue = [...unique];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      try {
        await one(name);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failed = true;
        if (error.exitCode === 130) {
          interrupted = true;
          queue.length = 0;
        } else await context.terminal.error.write(`${printable(name)}: error: ${printableLines(error.message)}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, unique.length) }, worker));
  if (interrupted) throw new Failure('', { exitCode: 130 });
  if (failed) throw new Failure(`Some ${nouns} failed to ${verb}`);
}

/** The names given, or with `--all` those of all instances in a state that `applies`. */
export async function namesOf(
  context: Context,
  input: Input,
  applies: (status: Instance__Output['status']) => boolean,
): Promise<readonly string[]> {
  if (!input.flag('all')) {
    if (input.arguments.length === 0) throw new UsageError('Requires at least 1 instance, or --all');
    return input.arguments;
  }
  if (input.arguments.length > 0) throw new UsageError('Both --all and instance name given');
  const connection = await context.connect();
  const { project } = context.global;
  const { instances } = await connection.call('InstanceService', 'ListInstances', {
    project,
    withoutState: true,
    withoutConfig: true,
  });
  return instances.filter(({ status }) => applies(status)).map(({ name }) => name);
}

/** Seconds of `--timeout`; 0 stands for the server's default, as `-1` and nothing do. */
export function timeoutOf(input: Input): number {
  const text = input.value('timeout');
  if (text === undefined || text === '-1') return 0;
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 2 ** 31 - 1) {
    throw new UsageError(`Invalid timeout "${text}": it is a whole number of seconds`);
  }
  return seconds;
}
