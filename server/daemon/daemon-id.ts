import { randomBytes } from 'node:crypto';
import type { Store } from '../db/store.ts';

const key = 'meta/daemon-id';

/** Eight hexadecimal digits that tell this server's cgroups, links and tables from those of others on the host. */
export async function daemonId(store: Store): Promise<string> {
  const found = await store.get(key);
  if (typeof found?.value === 'string') return found.value;
  const id = randomBytes(4).toString('hex');
  await store.commit({ put: [{ key, value: id }] });
  return id;
}
