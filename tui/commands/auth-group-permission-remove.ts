import { changePermissions } from '../auth/group.ts';
import { isSamePermission, permissionOf, permissionText } from '../auth/permission.ts';
import { Failure } from '../client/failure.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [name = '', ...words] = input.arguments;
  const unwanted = permissionOf(words, context.global.project);
  await changePermissions(context, name, (permissions) => {
    const rest = permissions.filter((one) => !isSamePermission(one, unwanted));
    if (rest.length < permissions.length) return rest;
    throw new Failure(`Group "${name}" has no such permission: ${permissionText(unwanted)}`);
  });
}
