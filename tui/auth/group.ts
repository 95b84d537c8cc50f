import type { Group__Output } from '../../proto/gen/yurt/v1/Group.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import type { Permission } from './permission.ts';

/** How often a change is made again on what somebody else wrote in between. */
const maxAttempts = 10;

export async function getGroup(connection: Connection, name: string): Promise<Group__Output> {
  const { group } = await connection.call('AuthService', 'GetGroup', { name });
  if (group === null) throw new Failure(`The server answered without group "${name}"`);
  return group;
}

/** Reads the permissions of a group, changes and writes them; again when somebody else came in between. */
export async function changePermissions(
  context: Context,
  name: string,
  change: (permissions: readonly Permission[]) => Permission[],
): Promise<void> {
  const connection = await context.connect();
  for (let attempt = 1; ; attempt += 1) {
    const { description, permissions, etag } = await getGroup(connection, name);
    try {
      const request = { name, etag, description, permissions: change(permissions) };
      await connection.call('AuthService', 'UpdateGroup', request);
      return;
    } catch (error) {
      if (!Failure.is(error, 'conflict') || attempt === maxAttempts) throw error;
    }
  }
}
