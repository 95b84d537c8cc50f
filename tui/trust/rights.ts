import type { ClientRights } from '../../proto/gen/yurt/v1/ClientRights.ts';
import { UsageError } from '../arguments/usage-error.ts';
import type { Input } from '../commands/command.ts';

/** What `--restricted`, `--projects` and `--groups` say: who is in a group is restricted to what it permits. */
export function rightsOf(name: string, input: Input): ClientRights {
  const words = (option: string) => (input.value(option) ?? '').split(',').filter((word) => word !== '');
  const [projects, groups] = [words('projects'), words('groups')];
  const restricted = input.flag('restricted') || groups.length > 0;
  if (!restricted && projects.length > 0) throw new UsageError('--projects is for clients that are --restricted');
  return { name, restricted, projects, groups };
}
