import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { AttachConsoleRequest__Output } from '../../proto/gen/yurt/v1/AttachConsoleRequest.ts';
import type { AttachConsoleResponse } from '../../proto/gen/yurt/v1/AttachConsoleResponse.ts';
import type { ConsoleServiceHandlers } from '../../proto/gen/yurt/v1/ConsoleService.ts';
import { Fault } from '../base/fault.ts';
import type { Instance } from '../instances/instance.ts';
import { projectOf } from './project.ts';
import { type Call, type Handlers, messagesOf } from './router.ts';
import { writeTo } from './write-message.ts';

export interface ConsoleServiceDeps {
  readonly instance: (project: string, name: string) => Promise<Instance>;
  /** Fault `wrong-state` unless it runs. */
  readonly checkRunning: (instance: Instance) => void;
  /** Output from the console's log; with `follow`, from now on until `signal` aborts. */
  readonly output: (instance: Instance, follow: boolean, signal: AbortSignal) => AsyncIterable<Buffer>;
  readonly input: (instance: Instance, data: Uint8Array) => Promise<void>;
  readonly resize: (instance: Instance, size: { columns: number; rows: number }) => Promise<void>;
  /** Resolves when the present run of the instance has ended. */
  readonly ended: (instance: Instance) => Promise<unknown>;
}

type Stream = ServerDuplexStream<AttachConsoleRequest__Output, AttachConsoleResponse>;

/** What one message of typed input may hold: a paste, not a file. */
const maxInputBytes = 64 * 1024;

/** One session per instance at a time: two people typing into one terminal help nobody. */
export function consoleService(deps: ConsoleServiceDeps): Handlers<ConsoleServiceHandlers> {
  const attached = new Map<string, AbortController>();
  return {
    GetConsoleLog: (call, request) => log(deps, call, request),
    AttachConsole: async (call, stream) => {
      const requests = messagesOf(call, stream);
      const first = await requests.next();
      const start = first.done ? undefined : first.value.start;
      if (!start) throw new Fault('invalid', 'The first message must be `start`');
      const instance = await deps.instance(projectOf(start), start.instance);
      deps.checkRunning(instance);
      const session = claim(attached, instance, start.force);
      try {
        if (start.size) await deps.resize(instance, start.size);
        await attach(deps, call, stream, requests, instance, session.signal);
      } finally {
        if (attached.get(instance.uuid) === session) attached.delete(instance.uuid);
      }
    },
  };
}

async function* log(deps: ConsoleServiceDeps, call: Call, request: { instance: string; project: string }) {
  const instance = await deps.instance(projectOf(request), request.instance);
  for await (const output of deps.output(instance, false, call.signal)) yield { output };
}

function claim(attached: Map<string, AbortController>, instance: Instance, force: boolean): AbortController {
  const present = attached.get(instance.uuid);
  if (present !== undefined && !force) {
    throw new Fault(
      'in-use',
      `Somebody is attached to the console of "${instance.name}" already: use --force to take over`,
    );
  }
  present?.abort(new Fault('canceled', 'Somebody else has taken over the console'));
  const session = new AbortController();
  attached.set(instance.uuid, session);
  return session;
}

async function attach(
  deps: ConsoleServiceDeps,
  call: Call,
  stream: Stream,
  requests: AsyncIterator<AttachConsoleRequest__Output>,
  instance: Instance,
  taken: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([call.signal, taken, ended.signal]);
  void deps.ended(instance).then(() => ended.abort());
  const input = pumpInput(deps, requests, instance);
  const left = input.then(() => ended.abort());
  left.catch(() => ended.abort());
  for await (const output of deps.output(instance, true, signal)) await writeTo(stream, { output }, signal);
  if (taken.aborted) throw Fault.from(taken.reason);
  if (!call.signal.aborted) await Promise.race([left, deps.ended(instance)]);
}

/** Until the client closes its side. */
async function pumpInput(
  deps: ConsoleServiceDeps,
  requests: AsyncIterator<AttachConsoleRequest__Output>,
  instance: Instance,
): Promise<void> {
  for (;;) {
    const next = await requests.next();
    if (next.done) return;
    const { input, resize } = next.value;
    if (next.value.message === 'input' && input !== undefined) {
      if (input.length > maxInputBytes) throw new Fault('invalid', `More than ${maxInputBytes} bytes of input at once`);
      await deps.input(instance, input);
    } else if (next.value.message === 'resize' && resize) await deps.resize(instance, resize);
  }
}
