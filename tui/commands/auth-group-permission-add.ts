import { changePermissions } from '../auth/group.ts';
import { isSamePermission, permissionOf, permissionText } from '../auth/permission.ts';
import { Failure } from '../client/failure.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', ...words] = input.arguments;
  const wanted = permissionOf(words, context.global.project);
  await changePermissions(context, name, (permissions) => {
    if (permissions.some((one) => isSamePermission(one, wanted))) {
      throw new Failure(`Group "${name}" has that permission already: ${permissionText(wanted)}`);
    }
    return [...permissions, wanted];
  });
}
