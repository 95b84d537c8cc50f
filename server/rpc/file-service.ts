import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { FilesRequest, FollowMode } from '../../proto/agent/files-request.ts';
import type { DeleteFilesRequest__Output } from '../../proto/gen/yurt/v1/DeleteFilesRequest.ts';
import type { FileServiceHandlers } from '../../proto/gen/yurt/v1/FileService.ts';
import type { PullFilesRequest__Output } from '../../proto/gen/yurt/v1/PullFilesRequest.ts';
import type { PushFilesRequest__Output } from '../../proto/gen/yurt/v1/PushFilesRequest.ts';
import type { PushFilesResponse } from '../../proto/gen/yurt/v1/PushFilesResponse.ts';
import type { PushFilesStart__Output } from '../../proto/gen/yurt/v1/PushFilesStart.ts';
import { type ListedEntry, parseListedEntry } from '../../proto/trees/entry.ts';
import { RecordParser } from '../../proto/trees/record.ts';
import { TreeFault } from '../../proto/trees/tree-fault.ts';
import type { WritePolicy } from '../../proto/trees/write-policy.ts';
import type { ExecSession } from '../agents/exec-session.ts';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import { firstMessage } from './first-message.ts';
import { projectOf } from './project.ts';
import { type Call, type Handlers, messagesOf } from './router.ts';
import { widenUpload } from './upload-window.ts';
import { writeTo } from './write-message.ts';

export interface FileServiceDeps {
  /** Faults: `not-found`, `wrong-state`, `unavailable`, `invalid`, `unsupported`. */
  readonly work: (task: Task, project: string, instance: string, request: FilesRequest) => Promise<ExecSession>;
}

/** What of an agent's output is on the way to the client; it is granted anew as the stream takes it. */
const windowBytes = 512 * 1024;

/**
 * Work on files: relays records between a client and the agent without a look at them. Each direction of a call is one
 * channel, so that the stream's own flow control bounds what is held here.
 */
export function fileService(deps: FileServiceDeps): Handlers<FileServiceHandlers> {
  const begin = async (call: Call, at: { instance: string; project: string }, request: FilesRequest) => {
    const task: Task = { signal: call.signal, log: call.log, report() {} };
    const session = await deps.work(task, projectOf(at), at.instance, request);
    call.signal.addEventListener('abort', () => session.close(), { once: true });
    if (call.signal.aborted) session.close();
    return session;
  };
  return {
    PushFiles: async (call, stream) => {
      const requests = messagesOf(call, stream);
      const start = await firstMessage(requests);
      widenUpload(stream);
      const session = await begin(call, start, { work: 'push', target: start.target, policy: policyOf(start) });
      await push(call, stream, requests, session);
    },
    PullFiles: async function* pull(call, request) {
      for await (const records of output(await begin(call, request, pullOf(request)))) yield { records };
    },
    ListFiles: (call, request) => list(() => begin(call, request, { work: 'list', path: request.path })),
    DeleteFiles: async (call, request) => {
      for await (const _ of output(await begin(call, request, deleteOf(request))));
      return {};
    },
  };
}

async function push(
  call: Call,
  stream: ServerDuplexStream<PushFilesRequest__Output, PushFilesResponse>,
  requests: AsyncIterator<PushFilesRequest__Output>,
  session: ExecSession,
): Promise<void> {
  const window = new Window();
  const input = pumpInput(requests, session, window);
  input.catch(() => {});
  const answer = async () => {
    for await (const records of output(session, window)) await writeTo(stream, { records }, call.signal);
  };
  try {
    await Promise.race([answer(), failureOf(input)]);
  } finally {
    session.close();
  }
}

/** Never resolves: only what makes the input fail counts. */
async function failureOf(input: Promise<void>): Promise<void> {
  await input;
  await new Promise(() => {});
}

/** What the agent will still take. */
class Window {
  #bytes = 0;
  #wake: () => void = () => {};

  grant(bytes: number): void {
    this.#bytes += bytes;
    this.#wake();
  }

  /** At most `most` bytes, at least one. */
  async take(most: number): Promise<number> {
    if (this.#bytes === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const taken = Math.min(most, this.#bytes);
    this.#bytes -= taken;
    return taken;
  }
}

async function pumpInput(
  requests: AsyncIterator<PushFilesRequest__Output>,
  session: ExecSession,
  window: Window,
): Promise<void> {
  for (;;) {
    const next = await requests.next();
    if (next.done) break;
    if (next.value.message !== 'records') throw new Fault('invalid', 'Only records may follow the first message');
    for (let rest = next.value.records ?? Buffer.alloc(0); rest.length > 0; ) {
      const part = rest.subarray(0, await window.take(rest.length));
      session.writeStdin(part);
      rest = rest.subarray(part.length);
    }
  }
  session.closeStdin();
}

/** What the agent sends, no faster than it is asked for. Throws its fault. */
async function* output(session: ExecSession, window?: Window): AsyncGenerator<Buffer, void> {
  try {
    let taken = 0;
    session.grant('stdout', windowBytes);
    for await (const frame of session.frames()) {
      if (frame.type === 'stdin-window') window?.grant(frame.bytes);
      if (frame.type !== 'stdout') continue;
      yield frame.data;
      taken += frame.data.length;
      if (taken < windowBytes / 4) continue;
      session.grant('stdout', taken);
      taken = 0;
    }
  } finally {
    session.close();
  }
}

async function* list(begin: () => Promise<ExecSession>) {
  const parser = new RecordParser();
  try {
    for await (const chunk of output(await begin())) {
      const records = [...parser.push(chunk)].filter(({ type }) => type === 'entry');
      yield { entries: records.map(({ payload }) => fileEntry(parseListedEntry(payload))) };
    }
  } catch (error) {
    if (!(error instanceof TreeFault)) throw error;
    throw new Fault('unavailable', 'The agent breaks the protocol', { cause: error });
  }
}

function fileEntry(entry: ListedEntry) {
  const { name, kind, mode, uid, gid, target } = entry;
  return {
    ...{ name, kind, mode, uid, gid },
    sizeBytes: entry.size,
    modifiedSeconds: entry.seconds,
    modifiedNanoseconds: entry.nanoseconds,
    ...(target === undefined ? {} : { target }),
  };
}

function policyOf(start: PushFilesStart__Output): WritePolicy {
  const { uid, gid, mode, parents, times } = start;
  return {
    into: ({ PUSH_INTO_DIRECTORY: 'directory', PUSH_INTO_EXACTLY: 'exactly' } as const)[start.into as string] ?? 'auto',
    ...{ parents, times },
    owners: true,
    ...(uid ? { uid: uid.value } : {}),
    ...(gid ? { gid: gid.value } : {}),
    ...(mode ? { mode: mode.value } : {}),
    existing:
      ({ EXISTING_FILES_SET: 'set', EXISTING_FILES_REFUSE: 'refuse' } as const)[start.existing as string] ?? 'keep',
    specialBits: true,
    attributes: 'all',
    followLinks: true,
  };
}

function pullOf({ paths, recursive, follow }: PullFilesRequest__Output): FilesRequest {
  const mode: FollowMode =
    ({ FOLLOW_LINKS_ARGUMENTS: 'arguments', FOLLOW_LINKS_ALWAYS: 'always' } as const)[follow as string] ?? 'never';
  return { work: 'pull', paths, recursive, follow: mode };
}

function deleteOf({ paths, recursive, force }: DeleteFilesRequest__Output): FilesRequest {
  return { work: 'delete', paths, recursive, force };
}
