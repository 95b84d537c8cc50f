import { permissionRecord } from '../auth/record.ts';
import { toYaml } from '../output/format.ts';
import type { Context } from './command.ts';

export async function run(context: Context): Promise<void> {
  const { name, type, fingerprint, groups, permissions } = await (await context.connect()).call(
    'AuthService',
    'GetIdentity',
    {},
  );
  const record = {
    ...{ authentication_method: type === 'client' ? 'tls' : 'unix', id: fingerprint === '' ? name : fingerprint, name },
    ...{ groups, effective_permissions: permissions.map(permissionRecord) },
  };
  await context.terminal.output.write(await toYaml(record));
}
