import { Fault } from '../base/fault.ts';
import type { Expanded } from './instance.ts';

/** What can keep the runtime from bringing init up, and what to do about it. The likeliest first. */
const suspects: readonly { readonly pattern: RegExp; readonly hint: string }[] = [
  {
    pattern: /^security\.syscalls\.allow$/,
    hint: 'it must name all system calls that the OCI runtime and init make, or be unset',
  },
  { pattern: /^security\.syscalls\.deny$/, hint: 'the OCI runtime and init may need a system call that it names' },
  { pattern: /^raw\.oci$/, hint: 'the OCI runtime may not take what it asks for' },
  { pattern: /^limits\.kernel\./, hint: 'init may need more' },
];

/**
 * The fault for an init that did not come up. The runtime's words, or those of a device that was to be put into a container which
 * had ended already (`gone`), say nothing of the key of the configuration that is probably why.
 */
export function startFault(error: unknown, { config }: Pick<Expanded, 'config'>, gone: boolean): unknown {
  const fault = Fault.from(error);
  if (fault.code !== 'internal' && !gone) return error;
  for (const { pattern, hint } of suspects) {
    const keys = Object.keys(config).filter((key) => pattern.test(key));
    if (keys.length === 0) continue;
    const said = gone ? 'it ended at once' : fault.message;
    const message = `Init cannot be started, probably because of ${keys.sort().join(', ')}: ${hint} (${said})`;
    return new Fault('invalid', message, { cause: error });
  }
  if (!gone) return error;
  return new Fault('internal', 'Init ended before it was started', { cause: error });
}
