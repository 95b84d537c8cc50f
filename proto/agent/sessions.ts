import { encodeFrame, maxAgentMessageBytes, maxFrameToAgentBytes, ProtocolError } from './frame.ts';
import { integer, isObject, parseObject, position, type StartRequest, startFrom } from './messages.ts';

/** Commands that outlive the connection which started them, by names that the server gave them. */

/** Of one instance, those included whose command has ended. A list of them fits into one message of an agent. */
export const maxKeptSessions = 32;
const idPattern = /^[0-9a-f]{8}$/;

export interface KeepRequest {
  readonly session: string;
  readonly start: StartRequest;
  /** Its stdin is at its end. */
  readonly emptyStdin: boolean;
}

export interface AttachRequest {
  readonly session: string;
  /** How many bytes of each output the caller has: what follows them is sent, as far as it is kept. */
  readonly stdoutFrom: number;
  readonly stderrFrom: number;
}

export interface EndRequest {
  /** Its command is killed, and nothing is kept of it. One that there is not is no fault. */
  readonly end: string;
}

export interface KeptState {
  readonly session: string;
  readonly attached: boolean;
  /** Of a command that has ended: 0-255. */
  readonly code?: number;
}

export interface KeptStates {
  readonly sessions: readonly KeptState[];
}

/** Whether `text` has the form of the name of a session. */
export function isSessionId(text: string): boolean {
  return idPattern.test(text);
}

export function encodeKeep(request: KeepRequest): Buffer {
  return encodeFrame('keep', Buffer.from(JSON.stringify(request)));
}

export function encodeAttach(request: AttachRequest): Buffer {
  return encodeFrame('attach', Buffer.from(JSON.stringify(request)));
}

export function encodeSessions(request?: EndRequest): Buffer {
  return encodeFrame('sessions', Buffer.from(request === undefined ? '' : JSON.stringify(request)));
}

export function encodeListed(states: KeptStates): Buffer {
  return encodeFrame('listed', Buffer.from(JSON.stringify(states)));
}

/** Each `parse…` throws a ProtocolError that says what is wrong. */
export function parseKeep(data: Buffer): KeepRequest {
  const { session, start, emptyStdin } = parseObject(data, maxFrameToAgentBytes);
  if (!isObject(start)) throw new ProtocolError('Invalid start');
  return { session: id(session), start: startFrom(start), emptyStdin: emptyStdin === true };
}

export function parseAttach(data: Buffer): AttachRequest {
  const { session, stdoutFrom, stderrFrom } = parseObject(data, maxAgentMessageBytes);
  return {
    session: id(session),
    stdoutFrom: position(stdoutFrom, 'stdoutFrom'),
    stderrFrom: position(stderrFrom, 'stderrFrom'),
  };
}

/** Undefined when nothing is to be ended. */
export function parseSessions(data: Buffer): EndRequest | undefined {
  return data.length === 0 ? undefined : { end: id(parseObject(data, maxAgentMessageBytes)['end']) };
}

export function parseListed(data: Buffer): KeptStates {
  const { sessions } = parseObject(data, maxAgentMessageBytes);
  if (!Array.isArray(sessions) || sessions.length > maxKeptSessions) throw new ProtocolError('Invalid sessions');
  return { sessions: sessions.map(state) };
}

function state(value: unknown): KeptState {
  if (!isObject(value)) throw new ProtocolError('Invalid sessions');
  const { session, attached, code } = value;
  return {
    session: id(session),
    attached: attached === true,
    ...(code === undefined ? {} : { code: integer(code, 'code', 0, 255) }),
  };
}

function id(value: unknown): string {
  if (typeof value !== 'string' || !isSessionId(value)) throw new ProtocolError('Invalid session');
  return value;
}
