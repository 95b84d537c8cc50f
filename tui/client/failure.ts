/**
 * A failure to show to the user as `Error: <message>`. Commands throw it; `program.ts` prints it and exits with
 * `exitCode`. An empty message prints nothing: what there is to say was said.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;
  /** What the server answered, when it was the server that failed; see https://grpc.io/docs/guides/status-codes/. */
  readonly status: StatusName | undefined;

  constructor(message: string, options: { exitCode?: number; status?: StatusName | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
    this.status = options.status;
  }

  static is(error: unknown, status: StatusName): boolean {
    return error instanceof Failure && error.status === status;
  }
}

/** The statuses that commands tell apart. */
export type StatusName =
  | 'canceled'
  | 'not-found'
  | 'unavailable'
  | 'unimplemented'
  | 'timed-out'
  | 'conflict'
  | 'exhausted'
  | 'unauthenticated'
  | 'forbidden'
  | 'other';

const statusNames: Readonly<Record<number, StatusName>> = {
  1: 'canceled',
  4: 'timed-out',
  5: 'not-found',
  7: 'forbidden',
  8: 'exhausted',
  10: 'conflict',
  12: 'unimplemented',
  14: 'unavailable',
  16: 'unauthenticated',
};

/** The meaning of a gRPC status number. */
export function statusName(code: number): StatusName {
  return statusNames[code] ?? 'other';
}
