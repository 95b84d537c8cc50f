/**
 * The one error class of the server. Everything that a caller may meet is a `Fault` with a code from one closed table;
 * any other exception that reaches the edge is a defect and leaves as `internal`.
 */

/** What a code means to each party that meets it. gRPC numbers: https://grpc.io/docs/guides/status-codes/ */
interface FaultMeaning {
  readonly grpcStatus: number;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retry: boolean;
  readonly doc: string;
}

export const faultMeanings = {
  invalid: { grpcStatus: 3, retry: false, doc: 'The request itself is wrong: a name, key, value or combination.' },
  'not-found': { grpcStatus: 5, retry: false, doc: 'The object named by the request does not exist.' },
  'already-exists': { grpcStatus: 6, retry: false, doc: 'An object of that name exists.' },
  'wrong-state': { grpcStatus: 9, retry: false, doc: 'The object is not in a state that allows the action.' },
  'in-use': { grpcStatus: 9, retry: false, doc: 'Something else still uses the object.' },
  conflict: { grpcStatus: 10, retry: true, doc: 'Another change came first; read again and retry.' },
  forbidden: { grpcStatus: 7, retry: false, doc: 'The caller may not do this.' },
  unauthenticated: { grpcStatus: 16, retry: false, doc: 'The caller is unknown to the server.' },
  unsupported: { grpcStatus: 12, retry: false, doc: 'This host or driver lacks what the action needs.' },
  exhausted: { grpcStatus: 8, retry: true, doc: 'A limit is reached: disk space, memory, ids, a queue.' },
  unavailable: { grpcStatus: 14, retry: true, doc: 'Something that the action needs does not answer at the moment.' },
  canceled: { grpcStatus: 1, retry: false, doc: 'The caller, or another client, canceled the action.' },
  'timed-out': { grpcStatus: 4, retry: true, doc: 'The action did not end within its time.' },
  internal: { grpcStatus: 13, retry: false, doc: 'A defect in yurt; the log of the server has the cause.' },
} as const satisfies Record<string, FaultMeaning>;

export type FaultCode = keyof typeof faultMeanings;

/** A failure that a user can read: `message` says what was tried, on what and why not; `cause` is for the log only. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Puts `action` before the message (`Cannot start instance "web": …`) and keeps the code. */
  static during(action: string, error: unknown): Fault {
    const inner = Fault.from(error);
    return new Fault(inner.code, `${action}: ${inner.message}`, { cause: inner.cause ?? inner });
  }

  /** The fault that `error` is, or an `internal` one that hides what the user should not see. */
  static from(error: unknown): Fault {
    if (error instanceof Fault) return error;
    if (error instanceof Error && error.name === 'AbortError') {
      return error.cause instanceof Fault ? error.cause : new Fault('canceled', 'Canceled', { cause: error });
    }
    const errno = errnoOf(error);
    if (errno !== undefined) {
      return new Fault(codeOfErrno(errno), error instanceof Error ? error.message : errno, { cause: error });
    }
    return new Fault('internal', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** errno(3) names that mean something to a user. All others are `internal`. */
const errnoCodes: Readonly<Record<string, FaultCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'already-exists',
  EBUSY: 'in-use',
  ENOTEMPTY: 'in-use',
  ENOSPC: 'exhausted',
  EDQUOT: 'exhausted',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  ENOMEM: 'exhausted',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden',
  ENOSYS: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  ENODEV: 'unsupported',
  ETIMEDOUT: 'timed-out',
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  EPIPE: 'unavailable',
  EINVAL: 'invalid',
  ENAMETOOLONG: 'invalid',
  EISDIR: 'invalid',
  ENOTDIR: 'invalid',
  ELOOP: 'invalid',
  EPROTO: 'invalid',
  EFBIG: 'exhausted',
  ETXTBSY: 'in-use',
  ECANCELED: 'canceled',
};

export function codeOfErrno(errno: string): FaultCode {
  return errnoCodes[errno] ?? 'internal';
}

/** The errno name that a Node error carries in `code`, if any. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
