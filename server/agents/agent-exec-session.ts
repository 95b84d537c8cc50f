import { Credit } from '../../proto/agent/credit.ts';
import {
  checkedData,
  decodeWindow,
  encodeFrame,
  encodeWindow,
  type Frame,
  maxDataBytes,
  ProtocolError,
} from '../../proto/agent/frame.ts';
import { encodeMessage, type Kept, parseFailure, parseStarted, parseStatus } from '../../proto/agent/messages.ts';
import { codeOfErrno, Fault } from '../base/fault.ts';
import { type AgentConnection, AgentGone } from './agent-connection.ts';
import { exitMessage, startFault } from './exec-failure.ts';
import type { ExecCommand, ExecFrame, ExecSession } from './exec-session.ts';
import { FrameQueue } from './frame-queue.ts';

/** A command over one connection. Everything that the agent may not do ends the connection. */
export class AgentExecSession implements ExecSession {
  readonly #connection: AgentConnection;
  readonly #command: ExecCommand;
  readonly #started = Promise.withResolvers<void>();
  readonly #queue = new FrameQueue();
  readonly #outputs = { stdout: new Credit(), stderr: new Credit() };
  readonly #stdin = new Credit();
  #pid = 0;
  #kept: Kept | undefined;
  #ended = false;

  private constructor(connection: AgentConnection, command: ExecCommand) {
    this.#connection = connection;
    this.#command = command;
  }

  /**
   * Sends `start`, an encoded `command`. Rejects with AgentGone when the command was certainly not run. `onClosed` is
   * called once, when the connection is not needed any more.
   */
  static async start(
    connection: AgentConnection,
    command: ExecCommand,
    start: Buffer,
    onClosed: () => void,
  ): Promise<AgentExecSession> {
    const session = new AgentExecSession(connection, command);
    connection.listen({
      frame: (frame) => session.#accept(frame),
      closed: (reason) => {
        session.#fail(reason);
        onClosed();
      },
    });
    connection.send(start);
    await session.#started.promise;
    return session;
  }

  get pid(): number {
    return this.#pid;
  }

  get kept(): Kept | undefined {
    return this.#kept;
  }

  frames(): AsyncIterable<ExecFrame> {
    return this.#queue.frames();
  }

  writeStdin(data: Uint8Array): void {
    if (this.#ended) return;
    if (data.length > this.#stdin.available) throw new Fault('invalid', 'More stdin was sent than the window allows');
    this.#stdin.use(data.length);
    for (let offset = 0; offset < data.length; offset += maxDataBytes) {
      this.#connection.send(encodeFrame('stdin', data.subarray(offset, offset + maxDataBytes)));
    }
  }

  closeStdin(): void {
    this.#connection.send(encodeFrame('close', Uint8Array.of(0)));
  }

  resize(size: { columns: number; rows: number }): void {
    this.#connection.send(encodeMessage('resize', size));
  }

  signal(number: number): void {
    if (!Number.isInteger(number) || number < 1 || number > 64) throw new Fault('invalid', `No such signal: ${number}`);
    this.#connection.send(encodeMessage('signal', { number }));
  }

  grant(channel: 'stdout' | 'stderr', bytes: number): void {
    try {
      this.#outputs[channel].grant(bytes);
    } catch (error) {
      if (error instanceof ProtocolError) throw new Fault('invalid', `Too large a window: ${bytes}`, { cause: error });
      throw error;
    }
    this.#connection.send(encodeWindow({ channel, bytes }));
  }

  close(): void {
    this.#fail(new Fault('canceled', 'The command was ended'));
    this.#connection.terminate();
  }

  #accept({ channel, data }: Frame): void {
    if (this.#ended) throw new ProtocolError('A frame after the last one');
    const isStarted = this.#pid !== 0;
    if (channel === 'failed' && !isStarted) this.#fail(this.#startFailure(data));
    else if (channel === 'started' && !isStarted) {
      ({ pid: this.#pid, kept: this.#kept } = { kept: undefined, ...parseStarted(data) });
      this.#started.resolve();
    } else if (!isStarted) throw new ProtocolError(`${channel} before started`);
    else if (channel === 'stdout' || channel === 'stderr') {
      this.#outputs[channel].use(data.length);
      this.#queue.push(channel, checkedData(data));
    } else if (channel === 'window') this.#onWindow(data);
    else if (channel === 'status') this.#onStatus(data);
    else throw new ProtocolError(`${channel} is not for a server`);
  }

  #onWindow(data: Buffer): void {
    const { channel, bytes } = decodeWindow(data);
    if (channel !== 'stdin') throw new ProtocolError(`A window for ${channel}`);
    this.#stdin.grant(bytes);
    this.#queue.pushStdinWindow(bytes);
  }

  #onStatus(data: Buffer): void {
    const { code, failure, fault } = parseStatus(data);
    if (fault !== undefined) {
      this.#fail(new Fault(codeOfErrno(fault.code), fault.message));
      this.#connection.terminate();
      return;
    }
    this.#ended = true;
    this.#queue.end({ exit: { type: 'exit', code, message: exitMessage(code, failure, this.#command) } });
    this.#connection.terminate();
  }

  #startFailure(data: Buffer): Fault | AgentGone {
    const failure = parseFailure(data);
    return failure.reason === 'cgroup' ? new AgentGone('uprooted') : startFault(failure, this.#command);
  }

  #fail(reason: Fault | AgentGone): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#started.reject(reason);
    this.#started.promise.catch(() => {});
    this.#queue.end({ failure: reason });
  }
}
