import { suggestion } from '../arguments/nearest.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { checkRequest, methodNames, shapeOf } from '../client/api.ts';
import { Failure } from '../client/failure.ts';
import { printableEscapes } from '../output/printable.ts';
import { readAll } from '../terminal/document.ts';
import type { Context, Input } from './command.ts';

/** Calls a method of the API by its name and prints each answer as JSON. */
export async function run(context: Context, input: Input): Promise<void> {
  const [target = ''] = input.arguments;
  const match = /^\/?(?:yurt\.v1\.)?(\w+)\/(\w+)$/.exec(target);
  const [, service = '', method = ''] = match ?? [];
  const shape = shapeOf(service, method);
  if (shape === undefined) {
    const meant = suggestion(`yurt.v1.${service}/${method}`, methodNames());
    throw new UsageError(`The API has no method "${target}"${meant}`);
  }
  if (shape.requestStream) throw new Failure(`${target} takes a stream of requests: query sends one`);
  const request = await requestOf(context, input.value('data') ?? '{}');
  const wrong = checkRequest(service, method, request);
  if (wrong !== undefined) throw new Failure(`The request is wrong: ${wrong}`);
  const connection = await context.connect();
  // Checked above; the API's types cannot know a name that is given at run time.
  const answers = connection.watch(service as 'EventService', method as 'WatchEvents', request);
  for await (const answer of answers) {
    await context.terminal.output.write(`${printableEscapes(JSON.stringify(answer, bytesAsText, 2))}\n`);
  }
}

async function requestOf(context: Context, data: string): Promise<object> {
  const text = data === '-' ? await readAll(context.terminal.input) : data;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure(`The request is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Failure('The request is no JSON object');
  return value;
}

/** Bytes as base64, as in the JSON of protocol buffers. */
function bytesAsText(_key: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
  return isBuffer && 'data' in value && Array.isArray(value.data) ? Buffer.from(value.data).toString('base64') : value;
}
