import type { ClientRights } from '../../proto/gen/yurt/v1/ClientRights.ts';
import { UsageError } from '../arguments/usage-error.ts';
import type { Input } from '../commands/command.ts';

/** What `--restricted` and `--projects` say. */
export function rightsOf(name: string, input: Input): ClientRights {
  const projects = (input.value('projects') ?? '').split(',').filter((project) => project !== '');
  const restricted = input.flag('restricted');
  if (!restricted && projects.length > 0) throw new UsageError('--projects is for clients that are --restricted');
  return { name, restricted, projects };
}
