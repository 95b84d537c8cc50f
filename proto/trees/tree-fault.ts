import { errnoText } from '../errno.ts';

/** What cannot be done with a file. `code` is a name of errno(3); the message is for the user and names the file. */
export class TreeFault extends Error {
  override readonly name = 'TreeFault';
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** What a system call has thrown, told of `path` instead of the descriptor that it was called with. */
  static from(error: unknown, path: string): unknown {
    if (error instanceof TreeFault || !(error instanceof Error) || !('code' in error)) return error;
    const { code } = error;
    if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
    return new TreeFault(code, `${path}: ${errnoText(code)}`, { cause: error });
  }
}

/** Runs `action`; what it throws names `path`. */
export function about<T>(path: () => string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw TreeFault.from(error, path());
  }
}
