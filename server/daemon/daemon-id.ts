import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';

/**
 * Eight hexadecimal digits that tell this server's cgroups, links and tables from those of other servers on the host.
 * They follow from where its state is: the same at every start, different for every server, also for one whose state
 * began as a copy of another's.
 */
export function daemonId(stateDirectory: string): string {
  return createHash('sha256').update(realpathSync(stateDirectory)).digest('hex').slice(0, 8);
}
