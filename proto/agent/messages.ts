import { encodeFrame, maxAgentMessageBytes, maxFrameToAgentBytes, ProtocolError } from './frame.ts';

/** Columns and rows of a terminal, 1-65535. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface StartRequest {
  /** Program and arguments, at least one; no shell in between. */
  readonly argv: readonly string[];
  /** On top of the agent's defaults. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ids inside. */
  readonly user: number;
  readonly group: number;
  /** '' for the default: HOME, or `/`. One that is given must be entered or the start fails. */
  readonly cwd: string;
  /** Absent: three pipes. */
  readonly terminal?: TerminalSize;
}

export interface Started {
  /** As the instance sees it. */
  readonly pid: number;
  /** Of a session; absent for a command that ends with its connection, or that could not be executed. */
  readonly kept?: Kept;
}

export interface Kept {
  readonly terminal: boolean;
  /** Where in each output the first byte is that follows: earlier ones are not kept any more, or were not asked for. */
  readonly stdoutFrom: number;
  readonly stderrFrom: number;
}

/**
 * What a command could not be started for. `exec` and `interpreter` have an exit code as well (126, 127). `session`: there is
 * no such session; `sessions`: there are too many.
 */
export const failureReasons = [
  ...(['cgroup', 'terminal', 'user', 'cwd', 'exec', 'interpreter', 'resources'] as const),
  ...(['session', 'sessions'] as const),
] as const;
export type FailureReason = (typeof failureReasons)[number];

export interface Failure {
  readonly reason: FailureReason;
  /** errno(3) number. */
  readonly errno: number;
}

/** How the command ended. `failure` with 126 and 127 when it never ran. */
export interface Status {
  /** 0-255: its own; 128+signal; 126 not executable; 127 not found. */
  readonly code: number;
  readonly failure?: Failure;
  /** Of work on files, with code 1: why it could not be done. */
  readonly fault?: FileFault;
}

export interface FileFault {
  /** Name of an errno(3): `ENOENT`. */
  readonly code: string;
  readonly message: string;
}

export interface SignalRequest {
  /** As in signal(7), 1-64. */
  readonly number: number;
}

/** What systemd says of the boot (systemctl(1), is-system-running), `none` for an init that is not systemd. */
export const initStates = [
  'none',
  'initializing',
  'starting',
  'running',
  'degraded',
  'maintenance',
  'stopping',
  'offline',
  'unknown',
] as const;
export type InitState = (typeof initStates)[number];

export interface Probed {
  readonly init: InitState;
}

export const maxArguments = 65_536;
export const maxVariables = 4_096;
/** PATH_MAX of linux/limits.h. */
export const maxPathBytes = 4_095;
/** The highest id; the one above means "unchanged" to setuid(2). */
export const maxId = 0xffff_fffe;
const maxTerminalSide = 65_535;
const maxSignal = 64;
const maxPid = 2 ** 22;
const maxErrno = 4_095;
/** Characters of the message of a fault: with a path, as JSON, it fits into a message of an agent. */
export const maxFaultLength = 1_000;

export function encodeMessage(
  channel: 'start' | 'started' | 'status' | 'failed' | 'resize' | 'signal' | 'probed',
  message: StartRequest | Started | Status | Failure | TerminalSize | SignalRequest | Probed,
): Buffer {
  return encodeFrame(channel, Buffer.from(JSON.stringify(message)));
}

/** Each `parse…` throws a ProtocolError that says what is wrong. */
export function parseStart(data: Buffer): StartRequest {
  return startFrom(parseObject(data, maxFrameToAgentBytes));
}

export function startFrom(fields: Readonly<Record<string, unknown>>): StartRequest {
  const { argv, environment, terminal } = fields;
  if (!Array.isArray(argv) || argv.length === 0 || argv.length > maxArguments) throw wrong('argv');
  if (!isObject(environment) || Object.keys(environment).length > maxVariables) throw wrong('environment');
  return {
    argv: argv.map((argument) => text(argument, 'argv')),
    environment: Object.fromEntries(Object.entries(environment).map(([name, value]) => [key(name), text(value, name)])),
    user: integer(fields['user'], 'user', 0, maxId),
    group: integer(fields['group'], 'group', 0, maxId),
    cwd: path(fields['cwd']),
    ...(terminal === undefined ? {} : { terminal: size(terminal) }),
  };
}

export function parseStarted(data: Buffer): Started {
  const { pid, kept: session } = parseObject(data, maxAgentMessageBytes);
  return { pid: integer(pid, 'pid', 1, maxPid), ...(session === undefined ? {} : { kept: kept(session) }) };
}

export function parseStatus(data: Buffer): Status {
  const { code, failure: why, fault } = parseObject(data, maxAgentMessageBytes);
  return {
    code: integer(code, 'code', 0, 255),
    ...(why === undefined ? {} : { failure: failure(why) }),
    ...(fault === undefined ? {} : { fault: fileFault(fault) }),
  };
}

export function parseFailure(data: Buffer): Failure {
  return failure(parseObject(data, maxAgentMessageBytes));
}

export function parseResize(data: Buffer): TerminalSize {
  return size(parseObject(data, maxAgentMessageBytes));
}

export function parseSignal(data: Buffer): SignalRequest {
  return { number: integer(parseObject(data, maxAgentMessageBytes)['number'], 'number', 1, maxSignal) };
}

export function parseProbed(data: Buffer): Probed {
  return { init: oneOf(initStates, parseObject(data, maxAgentMessageBytes)['init'], 'init') };
}

export function parseObject(data: Buffer, maxBytes: number): Readonly<Record<string, unknown>> {
  if (data.length > maxBytes) throw new ProtocolError(`A message of ${data.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch {
    throw new ProtocolError('A message that is not JSON');
  }
  if (!isObject(value)) throw new ProtocolError('A message that is not an object');
  return value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(field: string): ProtocolError {
  return new ProtocolError(`Invalid ${field}`);
}

export function integer(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) throw wrong(field);
  return value;
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.includes('\0')) throw wrong(field);
  return value;
}

function key(name: string): string {
  if (name === '' || name.includes('=') || name.includes('\0')) throw wrong('environment');
  return name;
}

function path(value: unknown): string {
  const checked = text(value, 'cwd');
  if (Buffer.byteLength(checked) > maxPathBytes) throw wrong('cwd');
  return checked;
}

function size(value: unknown): TerminalSize {
  if (!isObject(value)) throw wrong('size');
  return {
    columns: integer(value['columns'], 'columns', 1, maxTerminalSide),
    rows: integer(value['rows'], 'rows', 1, maxTerminalSide),
  };
}

function kept(value: unknown): Kept {
  if (!isObject(value)) throw wrong('kept');
  const { terminal, stdoutFrom, stderrFrom } = value;
  return {
    terminal: terminal === true,
    stdoutFrom: position(stdoutFrom, 'stdoutFrom'),
    stderrFrom: position(stderrFrom, 'stderrFrom'),
  };
}

/** Of a byte in an output. */
export function position(value: unknown, field: string): number {
  return integer(value, field, 0, Number.MAX_SAFE_INTEGER);
}

function failure(value: unknown): Failure {
  if (!isObject(value)) throw wrong('failure');
  return {
    reason: oneOf(failureReasons, value['reason'], 'reason'),
    errno: integer(value['errno'], 'errno', 0, maxErrno),
  };
}

function fileFault(value: unknown): FileFault {
  if (!isObject(value)) throw wrong('fault');
  const code = text(value['code'], 'code');
  if (!/^E[A-Z0-9]{1,20}$/.test(code)) throw wrong('code');
  return { code, message: text(value['message'], 'message').slice(0, maxFaultLength) };
}

function oneOf<T extends string>(known: readonly T[], value: unknown, field: string): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw wrong(field);
  return found;
}
