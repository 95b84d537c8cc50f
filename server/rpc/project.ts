import { Fault } from '../base/fault.ts';

/** The project of a request; empty means `default`, the only one so far. Fault `not-found`. */
export function projectOf(request: { readonly project: string }): string {
  if (request.project !== '' && request.project !== 'default') {
    throw new Fault('not-found', `Project "${request.project.slice(0, 80)}" does not exist`);
  }
  return 'default';
}
