/**
 * Frames between server and agent: one binary WebSocket message each, one byte of channel, then data. The numbers below
 * 16 and 255 are those of Kubernetes' `v5.channel.k8s.io`; the others are yurt's own.
 */
export const channels = {
  /** To the agent: bytes for the command. */
  stdin: 0,
  /** From the agent: bytes of the command. */
  stdout: 1,
  stderr: 2,
  /** From the agent, the last frame of a session: how the command ended (JSON, `Status`). */
  status: 3,
  /** To the agent: new size of the terminal (JSON, `TerminalSize`). */
  resize: 4,
  /** To the agent, the first frame of a session: a command (JSON, `StartRequest`). */
  start: 16,
  /** From the agent: the command has been started (JSON, `Started`). */
  started: 17,
  /** To the agent: a signal for the command (JSON, `SignalRequest`). */
  signal: 18,
  /** Both ways: the peer may send so many more bytes on a channel (binary, `Window`). */
  window: 19,
  /** To the agent, the only frame of such a session: asks for the state of the init (empty). */
  probe: 20,
  /** From the agent: the answer (JSON, `Probed`). */
  probed: 21,
  /** From the agent, the last frame of a session: the command could not be started (JSON, `Failure`). */
  failed: 22,
  /**
   * To the agent, the first frame of a session: work on files (JSON, `FilesRequest`). Then as with a command: records of
   * trees (`../trees/record.ts`) on stdin and stdout, `status` at the end. Agents that do not know it close the connection.
   */
  files: 23,
  /**
   * To the agent, the first frame: a command that outlives its connection (JSON, `KeepRequest`). Then as with `start`. The four
   * of sessions came later: agents that do not know them close the connection.
   */
  keep: 24,
  /** To the agent, the first frame: takes up a session (JSON, `AttachRequest`). Then as with a command. */
  attach: 25,
  /** To the agent, the only frame: asks for its sessions (empty), or ends one first (JSON, `EndRequest`). */
  sessions: 26,
  /** From the agent: the answer (JSON, `KeptStates`). */
  listed: 27,
  /** To the agent: end of file on the channel in the first byte; only stdin has one. */
  close: 255,
} as const;

export type ChannelName = keyof typeof channels;

/** The part of the path that names this protocol; an agent refuses what it does not speak. */
export const protocolPath = '/v1';
/** The agent closes connections without a session with this code when it leaves: nothing of them was run. */
export const idleCloseCode = 4000;
/** The agent closes the connection of a session with this code when another connection has taken the session up. */
export const takenCloseCode = 4001;
/** The server or the agent broke the protocol. */
export const protocolErrorCode = 1002;

/** Bytes of one frame of stdin, stdout or stderr. */
export const maxDataBytes = 64 * 1024;
/** Bytes of the control messages that an agent sends. */
export const maxAgentMessageBytes = 4096;
/** The largest frame that the server takes from an agent. */
export const maxFrameFromAgentBytes = 1 + maxDataBytes;
/** The largest frame that an agent takes: a start with all arguments and variables, as JSON. */
export const maxFrameToAgentBytes = 4 * 1024 * 1024;

/** The peer did what the protocol forbids. The connection ends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

export interface Frame {
  readonly channel: ChannelName;
  /** Shares memory with what was decoded. */
  readonly data: Buffer;
}

const names: ReadonlyMap<number, ChannelName> = new Map(
  Object.entries(channels).map(([name, number]) => [number, name as ChannelName]), // keys of a const object
);

export function encodeFrame(channel: ChannelName, data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(1 + data.length);
  frame[0] = channels[channel];
  frame.set(data, 1);
  return frame;
}

/** Throws a ProtocolError for an empty message and for an unknown channel. */
export function decodeFrame(message: Buffer): Frame {
  const number = message[0];
  const channel = number === undefined ? undefined : names.get(number);
  if (channel === undefined) throw new ProtocolError(`No such channel: ${number ?? 'none'}`);
  return { channel, data: message.subarray(1) };
}

/** Data without its channel; throws a ProtocolError when it is empty or larger than a frame may be. */
export function checkedData(data: Buffer): Buffer {
  if (data.length === 0 || data.length > maxDataBytes) throw new ProtocolError(`${data.length} bytes in a data frame`);
  return data;
}

export interface Window {
  readonly channel: 'stdin' | 'stdout' | 'stderr';
  readonly bytes: number;
}

const windowChannels = ['stdin', 'stdout', 'stderr'] as const;
const windowBytes = 5;

export function encodeWindow({ channel, bytes }: Window): Buffer {
  const data = Buffer.alloc(windowBytes);
  data[0] = channels[channel];
  data.writeUInt32BE(bytes, 1);
  return encodeFrame('window', data);
}

export function decodeWindow(data: Buffer): Window {
  const channel = windowChannels.find((name) => channels[name] === data[0]);
  if (data.length !== windowBytes || channel === undefined) throw new ProtocolError('Malformed window');
  return { channel, bytes: data.readUInt32BE(1) };
}
