import { errnoText } from '../../proto/errno.ts';
import { Failure } from '../client/failure.ts';

/** What node:fs has thrown about a file of this machine, in words. */
export function fileFailure(verb: 'read' | 'write', path: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException; // of node:fs
  return new Failure(`Cannot ${verb} "${path}": ${code === undefined ? message : errnoText(code)}`, { cause: error });
}
