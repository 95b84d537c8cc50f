import type { ExecRequest__Output } from '../../proto/gen/yurt/v1/ExecRequest.ts';
import type { ExecResponse } from '../../proto/gen/yurt/v1/ExecResponse.ts';
import type { ExecServiceHandlers } from '../../proto/gen/yurt/v1/ExecService.ts';
import type { ExecStart__Output } from '../../proto/gen/yurt/v1/ExecStart.ts';
import type { ExecCommand, ExecSession } from '../agents/exec-session.ts';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import { firstMessage } from './first-message.ts';
import { projectOf } from './project.ts';
import { type Call, type Handlers, messagesOf } from './router.ts';
import { type MessageSink, writeTo } from './write-message.ts';

export interface ExecServiceDeps {
  /** Faults: `not-found`, `wrong-state`, `unavailable`, `invalid`. */
  readonly exec: (task: Task, project: string, instance: string, command: ExecCommand) => Promise<ExecSession>;
  /** The same as a session, which outlives the call. Faults also: `exhausted`, `unsupported`. */
  readonly keep: (
    task: Task,
    project: string,
    instance: string,
    command: ExecCommand,
    options: { readonly emptyStdin: boolean },
  ) => Promise<StartedSession>;
  /** Resolves when the instance has booted, or has had its time to. Faults: as `exec`. */
  readonly booted: (task: Task, project: string, instance: string) => Promise<void>;
}

export interface StartedSession {
  readonly id: string;
  readonly session: ExecSession;
}

/** What a client sends while a command runs, however it came to it. */
export type ExecInput = Omit<ExecRequest__Output, 'start' | 'message'> & {
  readonly start?: object | null;
  readonly message?: ExecRequest__Output['message'];
};

type Stream = MessageSink<ExecResponse>;

/** What is on the way from an agent to a client per channel, and so what the server may have to hold for a slow one. */
const relayWindowBytes = 128 * 1024;
/** What a client may have granted and not used, per channel. */
const maxGrantedBytes = 16 * 1024 * 1024;
const maxArguments = 65_536;
const maxTerminalSide = 65_535;

/** Relays one command between a client and the agent: frames one way, windows the other, both bounded. */
export function execService(deps: ExecServiceDeps): Handlers<ExecServiceHandlers> {
  return {
    Exec: async (call, stream) => {
      const requests = messagesOf(call, stream);
      const start = await firstMessage(requests);
      const task: Task = { signal: call.signal, log: call.log, report() {} };
      const [project, command] = [projectOf(start), commandOf(start)];
      if (start.afterBoot) await deps.booted(task, project, start.instance);
      const { id, session } = start.detached
        ? await deps.keep(task, project, start.instance, command, start)
        : { id: '', session: await deps.exec(task, project, start.instance, command) };
      const peer = { call, stream, requests };
      if (session.kept === undefined) await relayExec(peer, session, { windowed: start.windowed, id: '' });
      else {
        session.close();
        await writeTo(stream, startedMessage(session, id), call.signal);
      }
    },
  };
}

export interface ExecPeer {
  readonly call: Call;
  readonly stream: Stream;
  readonly requests: AsyncIterator<ExecInput>;
}

/** Lets a client have a command until either ends; then closes the command's side. `id` is that of a session. */
export async function relayExec(
  { call, stream, requests }: ExecPeer,
  session: ExecSession,
  options: { readonly windowed: boolean; readonly id: string },
): Promise<void> {
  call.signal.addEventListener('abort', () => session.close(), { once: true });
  if (call.signal.aborted) session.close();
  const relay = new ExecRelay(call, stream, session, options.windowed);
  const input = relay.pumpInput(requests);
  input.catch(() => {});
  try {
    await Promise.race([relay.pumpOutput(options.id), failureOf(input)]);
  } finally {
    session.close();
  }
}

function startedMessage({ pid, kept }: ExecSession, session: string): ExecResponse {
  return { started: { pid, ...(kept === undefined ? {} : { ...kept, session }) } };
}

/** Never resolves: only what makes the input fail counts. */
async function failureOf(input: Promise<void>): Promise<void> {
  await input;
  await new Promise(() => {});
}

function commandOf(start: ExecStart__Output): ExecCommand {
  if (start.command.length === 0 || start.command[0] === '') throw new Fault('invalid', 'The command is missing');
  if (start.command.length > maxArguments) throw new Fault('invalid', `More than ${maxArguments} arguments`);
  return {
    argv: start.command,
    environment: start.environment,
    user: start.user,
    group: start.group,
    cwd: start.cwd,
    ...(start.terminal ? { terminal: sizeOf(start.size ?? { columns: 80, rows: 24 }) } : {}),
  };
}

function sizeOf(size: { columns: number; rows: number }): { columns: number; rows: number } {
  const side = (value: number) => Math.min(Math.max(value, 1), maxTerminalSide);
  return { columns: side(size.columns), rows: side(size.rows) };
}

class ExecRelay {
  readonly #call: Call;
  readonly #stream: Stream;
  readonly #session: ExecSession;
  readonly #windowed: boolean;
  /** Granted by the client and not yet used, per channel. */
  readonly #granted = { stdout: 0, stderr: 0 };
  /** Of that, what the agent has been granted: never more than a window, whatever the client grants and does not read. */
  readonly #relayed = { stdout: 0, stderr: 0 };
  /** What the agent will still take of stdin. */
  #stdinWindow = 0;
  #wakeInput: () => void = () => {};

  constructor(call: Call, stream: Stream, session: ExecSession, windowed: boolean) {
    this.#call = call;
    this.#stream = stream;
    this.#session = session;
    this.#windowed = windowed;
    if (windowed) return;
    this.#allow('stdout', relayWindowBytes);
    this.#allow('stderr', relayWindowBytes);
  }

  /** From the agent to the client, to the exit status. */
  async pumpOutput(id: string): Promise<void> {
    await this.#send(startedMessage(this.#session, id));
    for await (const frame of this.#session.frames()) {
      switch (frame.type) {
        case 'stdin-window':
          this.#stdinWindow += frame.bytes;
          this.#wakeInput();
          if (this.#windowed) await this.#send({ stdinWindow: frame.bytes });
          break;
        case 'exit':
          await this.#send({ exit: { code: frame.code, message: frame.message } });
          return;
        default:
          await this.#send(frame.type === 'stdout' ? { stdout: frame.data } : { stderr: frame.data });
          this.#granted[frame.type] -= frame.data.length;
          this.#relayed[frame.type] -= frame.data.length;
          this.#allow(frame.type, this.#windowed ? 0 : frame.data.length);
      }
    }
  }

  /** From the client to the agent, until the client has nothing more to say. */
  async pumpInput(requests: AsyncIterator<ExecInput>): Promise<void> {
    for (;;) {
      const next = await requests.next();
      if (next.done) return;
      await this.#accept(next.value);
    }
  }

  async #accept(request: ExecInput): Promise<void> {
    const { stdin, resize, signal, window } = request;
    if (request.message === 'stdin' && stdin !== undefined) await this.#stdin(stdin);
    else if (request.message === 'closeStdin') this.#session.closeStdin();
    else if (request.message === 'resize' && resize) this.#session.resize(sizeOf(resize));
    else if (request.message === 'signal' && signal) this.#session.signal(signal.number);
    else if (request.message === 'window' && window) this.#grant(window);
    else if (request.message === 'start') throw new Fault('invalid', 'The command was started already');
  }

  #grant({ channel, bytes }: { channel: string; bytes: number }): void {
    const name = channel === 'EXEC_CHANNEL_STDERR' ? 'stderr' : 'stdout';
    if (!this.#windowed || this.#granted[name] + bytes > maxGrantedBytes) {
      throw new Fault('invalid', `At most ${maxGrantedBytes} bytes may be granted, by a client that said \`windowed\``);
    }
    this.#allow(name, bytes);
  }

  /** So many more bytes may go to the client. */
  #allow(channel: 'stdout' | 'stderr', bytes: number): void {
    this.#granted[channel] += bytes;
    const more = Math.min(this.#granted[channel], relayWindowBytes) - this.#relayed[channel];
    if (more <= 0) return;
    this.#relayed[channel] += more;
    this.#session.grant(channel, more);
  }

  /** A client with windows must keep to them; one without waits here, and with it the stream's own flow control. */
  async #stdin(data: Buffer): Promise<void> {
    if (this.#windowed && data.length > this.#stdinWindow) {
      throw new Fault('invalid', 'More stdin was sent than the window allows');
    }
    let rest = data;
    while (rest.length > 0) {
      if (this.#stdinWindow === 0) await new Promise<void>((resolve) => (this.#wakeInput = resolve));
      const part = rest.subarray(0, this.#stdinWindow);
      this.#stdinWindow -= part.length;
      this.#session.writeStdin(part);
      rest = rest.subarray(part.length);
    }
  }

  async #send(response: ExecResponse): Promise<void> {
    await writeTo(this.#stream, response, this.#call.signal);
  }
}
